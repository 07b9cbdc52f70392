/** Documents that come from elsewhere than text files: a database, an archive, a generator. */
export interface DataSource {
  /**
   * Changes when the documents do (`wiki 2026-11-01`, a hash, a seed): what was read once under an identity is kept in
   * the cache and not asked for again.
   */
  readonly identity: string;
  /** Every document once, always in the same order. */
  documents(): AsyncIterable<string>;
}
