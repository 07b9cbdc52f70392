import { allocateMat } from '../core/allocate.ts';
import type { Mat } from '../core/tensor.ts';
import { type Block, Blocks } from '../runtime/blocks.ts';
import type { Pass } from '../runtime/context.ts';
import type { Model } from '../runtime/model.ts';
import type { Rows } from '../runtime/rows.ts';
import type { Sampler } from './sampling.ts';

/** One of the texts that are written side by side. */
export interface Writing {
  readonly prompt: Iterable<number>;
  readonly sampler: Sampler;
}

/** A token of text `text`, by its place in the list of writings; null where that text ends. */
export interface WrittenToken {
  readonly text: number;
  readonly id: number | null;
}

/** Rows of a prompt that are read at once. */
const PREFILL_ROWS = 256;
const BEGINS: Pass = {};
const CONTINUES: Pass = { continues: true };

/**
 * Writes texts with the same forward as training: prompts are read in long pieces (prefill), then all texts go on side by
 * side, a row each (decode), while the model's layers carry their state. A token that is written leaves no garbage.
 */
export class TextGenerator {
  private readonly blocks: Blocks;
  private readonly decode: Block;
  private readonly logits: Mat;
  /** The last token of each text, the rows that they are, and the logits that follow. */
  private readonly last: Int32Array;
  private readonly rows: Rows;
  private readonly next: readonly Mat['data'][];

  /** `texts` are as many as are written side by side. */
  constructor(
    private readonly model: Model,
    texts = 1,
  ) {
    const rows = Math.max(PREFILL_ROWS, texts);
    this.blocks = new Blocks(model, { rows, seqLen: rows, training: false, targetCapacity: 1 });
    this.decode = this.blocks.block(texts, 1);
    this.logits = allocateMat(model.backend, texts, model.vocab, 'logits');
    this.last = new Int32Array(texts);
    this.rows = withoutTargets(this.last);
    const { vocab } = model;
    const { data } = this.logits;
    this.next = Array.from({ length: texts }, (_, i) => data.subarray(i * vocab, (i + 1) * vocab));
  }

  /** How many ids the model knows. */
  get vocab(): number {
    return this.model.vocab;
  }

  /**
   * Tokens after `prompt` until `eos` (which is not given) or `maxTokens`. The text begins after an end-of-document
   * token, as every document in training does. `onRead` hears how many tokens of the prompt were read.
   */
  *generate(
    prompt: Iterable<number>,
    eos: number,
    maxTokens: number,
    sampler: Sampler,
    onRead?: (tokens: number) => void,
  ): Iterable<number> {
    this.begin([prompt], eos, onRead);
    for (let i = 0; i < maxTokens; i++) {
      this.step();
      const id = sampler.sample(this.next[0]!);
      if (id === eos) return;
      yield id;
      this.last[0] = id;
    }
  }

  /** `generate` for at most as many texts as the generator was made for; `onRead` hears of all prompts together. */
  *generateAll(
    writings: readonly Writing[],
    eos: number,
    maxTokens: number,
    onRead?: (tokens: number) => void,
  ): Iterable<WrittenToken> {
    const prompts = writings.map(({ prompt }) => prompt);
    this.begin(prompts, eos, onRead);
    const open = new Set(maxTokens > 0 ? writings.keys() : []);
    for (let written = 1; open.size > 0; written++) {
      this.step();
      for (const text of [...open]) {
        const id = writings[text]!.sampler.sample(this.next[text]!);
        this.last[text] = id;
        if (id !== eos) yield { text, id };
        if (id !== eos && written < maxTokens) continue;
        open.delete(text);
        yield { text, id: null };
      }
    }
  }

  /** Reads all prompts but for their last tokens, with which all texts then go on. */
  private begin(prompts: readonly Iterable<number>[], eos: number, onRead?: (tokens: number) => void): void {
    this.model.prepare();
    this.last.fill(eos);
    let read = 0;
    for (const [text, prompt] of prompts.entries()) {
      const ids = Int32Array.from([eos, ...prompt]);
      this.last[text] = ids.at(-1)!;
      this.prefill(ids.subarray(0, -1), text, (count) => onRead?.(read + count));
      read += ids.length - 1;
    }
    onRead?.(read);
  }

  /** All texts go on by the token that each of them had last. */
  private step(): void {
    this.decode.load(this.rows);
    this.decode.forward(CONTINUES);
    this.decode.logits(this.logits, CONTINUES);
  }

  /** Reads a prompt in pieces, and leaves what layers then carry to text `text`. */
  private prefill(ids: Int32Array, text: number, onRead: (tokens: number) => void): void {
    const { blocks, decode } = this;
    const state = blocks.state(1);
    state.clear();
    for (let start = 0, count = 0; start < ids.length; start += count) {
      // Exactly as many as there are, as layers carry what they saw last; powers of two, so that few blocks are planned.
      count = Math.min(PREFILL_ROWS, 2 ** Math.floor(Math.log2(ids.length - start)));
      const block = blocks.block(count, count);
      block.load(withoutTargets(ids.subarray(start, start + count)));
      block.forward(start === 0 ? BEGINS : CONTINUES);
      onRead(start + count);
    }
    if (decode.state !== state) decode.state.restore(text, state.save(0));
  }
}

const NONE = new Int32Array(0);

function withoutTargets(ids: Int32Array): Rows {
  const { length: count } = ids;
  return { count, ids, offsets: new Int32Array(count + 1), targetIds: NONE, weights: NONE };
}
