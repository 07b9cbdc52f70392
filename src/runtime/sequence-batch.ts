import type { Blocks } from './blocks.ts';
import type { SavedSequence, SequenceState } from './sequence-state.ts';

/**
 * Sequences that go through a model side by side and come and go one by one. A call is for all of them, as many rows each:
 *
 *     batch.join(member);
 *     const members = batch.arrange();
 *     const block = blocks.block(members.length * seqLen, seqLen);    // rows of member i: i * seqLen ...
 *     block.load(rows);
 *     block.forward({ continues: true });
 *     batch.leave(i);
 */
export class SequenceBatch<T> {
  /** By sequence of `state`: whose it is. */
  private members: (T | undefined)[] = [];
  private state: SequenceState | undefined;
  private readonly joining: { readonly member: T; readonly saved: SavedSequence | undefined }[] = [];
  private present = 0;

  constructor(
    private readonly blocks: Blocks,
    readonly max: number,
  ) {}

  get count(): number {
    return this.present + this.joining.length;
  }

  get isFull(): boolean {
    return this.count >= this.max;
  }

  /** A sequence begins, or continues `saved`. */
  join(member: T, saved?: SavedSequence): void {
    this.joining.push({ member, saved });
  }

  /** Frees the sequence of the i-th member of `arrange`. */
  leave(index: number): void {
    this.members[index] = undefined;
    this.present--;
  }

  /**
   * Before each call: gives every member a sequence. There are as many sequences as the smallest of max, max/2, max/4 ... that
   * is enough, so that few blocks are planned and few rows computed for nobody; those that are idle are undefined.
   */
  arrange(): readonly (T | undefined)[] {
    let size = this.max;
    while (size > 1 && Math.ceil(size / 2) >= this.count) size = Math.ceil(size / 2);
    if (size !== this.members.length) this.resize(size);
    const { state, members } = this;
    for (let i = 0; i < size; i++) {
      if (members[i] !== undefined) continue;
      const next = this.joining.shift();
      if (next === undefined) {
        // An idle sequence must not count its way out of the context.
        state!.position.data[i] = 0;
        continue;
      }
      members[i] = next.member;
      this.present++;
      if (next.saved) state!.restore(i, next.saved);
      else state!.clearOne(i);
    }
    return members;
  }

  private resize(size: number): void {
    const from = this.state;
    const to = this.blocks.state(size);
    const staying = [...this.members.entries()].filter(([, member]) => member !== undefined);
    for (const [i, [was]] of staying.entries()) to.restore(i, from!.save(was));
    this.members = Array.from({ length: size }, (_, i) => staying[i]?.[1]);
    this.state = to;
  }
}
