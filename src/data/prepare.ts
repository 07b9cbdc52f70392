import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { FlashError } from '../core/errors.ts';
import type { Chunk } from './chunk-builder.ts';
import { Corpus, type CorpusFormat, DEFAULT_TEXT_FIELD } from './corpus.ts';
import { type ContentHash, cacheKey, checkUnchanged, DataCache } from './data-cache.ts';
import type { DocumentPart } from './document-share.ts';
import { TokenFile } from './token-file.ts';
import { TOKEN_FILE_VERSION } from './token-file-header.ts';
import { TokenFileWriter } from './token-file-writer.ts';
import { Tokenizer } from './tokenizer/tokenizer.ts';
import { WordCounter } from './tokenizer/word-counter.ts';
import { WorkerPool } from './worker-pool.ts';

/**
 * Where the tokenizer comes from: trained on this data for at most `vocab` ids (pairs that occur fewer than
 * `minFrequency` times, default 2, are not merged), read from a tokenizer.json of at most `vocab` ids if that is
 * given, or there already (validation data is encoded with the tokenizer of the training data).
 */
export type TokenizerSource =
  | { readonly type: 'byte_bpe'; readonly vocab: number; readonly minFrequency?: number }
  | { readonly file: string; readonly vocab?: number }
  | Tokenizer;

/** How far the work is, in bytes of the data. */
export interface PrepareProgress {
  readonly stage: 'hash' | 'count' | 'encode';
  readonly done: number;
  readonly total: number;
}

export interface PrepareOptions {
  readonly files: readonly string[];
  /** Default `auto`. */
  readonly format?: CorpusFormat;
  /** The field of JSON records that holds the text; default `text`. */
  readonly textField?: string;
  /** Only these of the documents; default: all. */
  readonly part?: DocumentPart;
  readonly tokenizer: TokenizerSource;
  /** Default: FLASHLM_CACHE, else `.flashlm` in the working directory. */
  readonly cacheDir?: string;
  /** Threads; 1 works in the calling thread. Default: one for every 16 MB, at most one per core. */
  readonly workers?: number;
  readonly onProgress?: (progress: PrepareProgress) => void;
  readonly signal?: AbortSignal;
}

export interface PreparedData {
  readonly tokenizer: Tokenizer;
  /** Open: close it when done. Its `info` has the counts of tokens, documents, characters and bytes. */
  readonly tokens: TokenFile;
  /** What was found in the cache and not made again. */
  readonly cached: { readonly tokenizer: boolean; readonly tokens: boolean };
  /** A hash of the text and the tokenizer: the same for every version of the token file. */
  readonly identity: string;
  /** What a person should know, in whole sentences: a rebuilt file, replaced UTF-8, a small vocabulary. */
  readonly notices: readonly string[];
}

/** Raised whenever the same data and settings would train another tokenizer. */
const TRAINER_VERSION = 2;
/** Part of `identity`, by which runs know their data: never raised, so that they go on after an upgrade. */
const IDENTITY_VERSION = 2;
/** With less, a second thread's start and warming up cost about what it saves. */
const BYTES_PER_WORKER = 16e6;

/**
 * Makes a token file of text files, or finds it in the cache: trains or loads the tokenizer, encodes every document.
 * The result does not depend on the number of workers. Throws FlashError for data, settings or a tokenizer that can't
 * be used.
 */
export async function prepareData(options: PrepareOptions): Promise<PreparedData> {
  const corpus = await Corpus.open(options.files, options);
  const cache = await DataCache.open(options.cacheDir);
  const work = new Preparation(options, corpus, cache, await hashAll(corpus, cache, options));
  try {
    const tokenizer = await work.tokenizer(options.tokenizer);
    const tokens = await work.tokens(tokenizer);
    const identity = work.identity(tokenizer);
    return { tokenizer, tokens, identity, cached: work.cached, notices: work.notices };
  } finally {
    await work.close();
  }
}

async function hashAll(corpus: Corpus, cache: DataCache, options: PrepareOptions): Promise<ContentHash[]> {
  const hashes: ContentHash[] = [];
  let before = 0;
  for (const { path, size } of corpus.files) {
    const onBytes = (done: number) => {
      options.onProgress?.({ stage: 'hash', done: before + done, total: corpus.size });
    };
    hashes.push(await cache.contentHash(path, { signal: options.signal, onBytes }));
    before += size;
  }
  return hashes;
}

class Preparation {
  readonly cached = { tokenizer: false, tokens: false };
  readonly notices: string[];

  private readonly options: PrepareOptions;
  private readonly corpus: Corpus;
  private readonly cache: DataCache;
  private readonly hashes: readonly ContentHash[];
  private readonly content: unknown;
  private readonly workers: number;
  /** The same threads count and encode: started once, and warm the second time. */
  private startedPool?: WorkerPool;

  constructor(options: PrepareOptions, corpus: Corpus, cache: DataCache, hashes: readonly ContentHash[]) {
    this.options = options;
    this.corpus = corpus;
    this.cache = cache;
    this.hashes = hashes;
    this.notices = [...corpus.notices];
    const files = corpus.files.map(({ format }, i) => {
      const field = format.startsWith('json') && corpus.textField !== DEFAULT_TEXT_FIELD;
      return [format, hashes[i]!.sha256, ...(field ? [corpus.textField] : [])];
    });
    const { part } = corpus;
    this.content = part ? [...files, ['part', part.validShare, part.side]] : files;
    const useful = Math.max(1, Math.floor(corpus.size / BYTES_PER_WORKER));
    this.workers = options.workers ?? Math.min(useful, availableParallelism());
    // Each takes tens of megabytes, and more of them than CPUs gain nothing.
    const most = 4 * availableParallelism();
    if (!Number.isInteger(this.workers) || this.workers < 1 || this.workers > most) {
      throw new FlashError(`The number of workers is ${this.workers}`, {
        remedy: `Give 1 to ${most}.`,
        exitCode: 2,
      });
    }
  }

  async tokenizer(source: TokenizerSource): Promise<Tokenizer> {
    if (source instanceof Tokenizer) return source;
    if ('file' in source) {
      const tokenizer = Tokenizer.load(source.file);
      this.notices.push(...tokenizer.notices);
      const { vocab = tokenizer.vocabSize } = source;
      if (tokenizer.vocabSize > vocab) {
        throw new FlashError(`The tokenizer has ${tokenizer.vocabSize} ids, the model ${vocab}`, {
          where: source.file,
          remedy: `Set the vocab of the embedding to ${tokenizer.vocabSize} or more, or give another tokenizer.`,
        });
      }
      if (tokenizer.vocabSize < vocab)
        this.notices.push(`The tokenizer has ${tokenizer.vocabSize} ids: ${unusedIds(tokenizer, vocab)}.`);
      return tokenizer;
    }
    const { vocab, minFrequency = 2 } = source;
    const pathOf = (version: number) => this.cache.tokenizerPath(version, this.content, vocab, minFrequency);
    const path = pathOf(TRAINER_VERSION);
    let tokenizer = this.found(path, 'tokenizer', () => Tokenizer.load(path));
    this.cached.tokenizer = tokenizer !== undefined;
    if (!tokenizer) {
      this.noteOlder('tokenizer', TRAINER_VERSION, pathOf);
      const words = await this.whileUnchanged(() => this.countWords());
      tokenizer = Tokenizer.train(words, { vocab, minFrequency });
      await tokenizer.save(path);
    }
    if (tokenizer.vocabSize < vocab) {
      this.notices.push(
        `The data is too small for ${vocab} tokens: the tokenizer has ${tokenizer.vocabSize}, ` +
          `${unusedIds(tokenizer, vocab)}.`,
      );
    }
    return tokenizer;
  }

  async tokens(tokenizer: Tokenizer): Promise<TokenFile> {
    const pathOf = (version: number) => this.cache.tokensPath(version, this.content, tokenizer.fingerprint);
    const path = pathOf(TOKEN_FILE_VERSION);
    let tokens = this.found(path, 'token file', () => openFor(path, tokenizer, this.source));
    this.cached.tokens = tokens !== undefined;
    if (!tokens) {
      this.noteOlder('token file', TOKEN_FILE_VERSION, pathOf);
      await this.encodeTo(path, tokenizer);
      tokens = TokenFile.open(path, this.source);
    }
    if (tokens.info.replaced > 0) {
      this.notices.push(`Replaced ${tokens.info.replaced} invalid UTF-8 sequences of the data by U+FFFD.`);
    }
    return tokens;
  }

  identity({ fingerprint }: Tokenizer): string {
    return cacheKey(IDENTITY_VERSION, this.content, fingerprint);
  }

  async close(): Promise<void> {
    await this.startedPool?.close();
  }

  /** Started when there is work: mostly everything is found in the cache. */
  private get pool(): WorkerPool {
    this.startedPool ??= new WorkerPool(this.workers);
    return this.startedPool;
  }

  /** The text, as its owner calls it. */
  private get source(): string {
    const [first, ...others] = this.corpus.files.map(({ path }) => path);
    return others.length === 0 ? first! : `${first} and ${others.length} more`;
  }

  /** An entry of the cache, or undefined if it isn't there or is damaged. */
  private found<T>(path: string, name: string, open: () => T): T | undefined {
    if (!existsSync(path)) return undefined;
    try {
      return open();
    } catch (error) {
      if (!(error instanceof FlashError)) throw error;
      this.notices.push(`Building the cached ${name} again. ${error.message} (${path}).`);
      return undefined;
    }
  }

  /** Says why work is done again after an upgrade. The older entry stays: the older program may still be in use. */
  private noteOlder(name: string, version: number, pathOf: (version: number) => string): void {
    for (let older = version - 1; older > 0; older--) {
      if (!existsSync(pathOf(older))) continue;
      this.notices.push(
        `Building the ${name} again: that in the cache is of version ${older}, this program's of version ${version}.`,
      );
      return;
    }
  }

  /**
   * Reads the data by `work`. What comes of data that is not what was hashed must not get into the cache under that
   * hash; and whatever `work` found wrong with it, the change is the reason to tell.
   */
  private async whileUnchanged<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } finally {
      for (const hash of this.hashes) await checkUnchanged(hash);
    }
  }

  private async countWords() {
    const counter = new WordCounter();
    const jobs = map(this.chunks('count'), (chunk) => ({ type: 'count', chunk }) as const);
    for await (const _ of this.pool.results(jobs));
    for (const counts of await this.pool.everywhere({ type: 'counts' })) counter.addCounts(counts);
    return counter.result();
  }

  private async encodeTo(path: string, tokenizer: Tokenizer): Promise<void> {
    const writer = await TokenFileWriter.create(path, tokenizer);
    try {
      await this.pool.everywhere({ type: 'tokenizer', json: tokenizer.toJSON() });
      let replaced = 0;
      const chunks = this.chunks('encode', (count) => {
        replaced += count;
      });
      const jobs = map(chunks, (chunk) => ({ type: 'encode', chunk }) as const);
      await this.whileUnchanged(async () => {
        for await (const encoded of this.pool.results(jobs)) await writer.append(encoded);
      });
      await writer.finish(replaced);
    } catch (error) {
      await writer.abandon();
      throw error;
    }
  }

  private async *chunks(
    stage: PrepareProgress['stage'],
    onReplaced?: (count: number) => void,
  ): AsyncGenerator<Chunk> {
    const total = this.corpus.size;
    let done = 0;
    const onRead = (bytes: number): void => {
      done += bytes;
    };
    for await (const chunk of this.corpus.chunks({ onReplaced, onRead })) {
      this.options.signal?.throwIfAborted();
      yield chunk;
      this.options.onProgress?.({ stage, done: Math.min(done, total), total });
    }
    this.options.onProgress?.({ stage, done: total, total });
  }
}

const unusedIds = ({ vocabSize }: Tokenizer, vocab: number): string =>
  vocabSize === vocab - 1
    ? `the id ${vocabSize} stays unused`
    : `the ids from ${vocabSize} to ${vocab - 1} stay unused`;

/** Whoever copies entries of a cache by hand may give one the name of another. */
function openFor(path: string, tokenizer: Tokenizer, source: string): TokenFile {
  const tokens = TokenFile.open(path, source);
  if (tokens.info.fingerprint === tokenizer.fingerprint) return tokens;
  tokens.close();
  throw new FlashError('It was encoded with another tokenizer');
}

async function* map<T, R>(items: AsyncIterable<T>, change: (item: T) => R): AsyncGenerator<R> {
  for await (const item of items) yield change(item);
}
