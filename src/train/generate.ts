import { allocateMat } from '../core/allocate.ts';
import type { Mat } from '../core/tensor.ts';
import { Blocks } from '../runtime/blocks.ts';
import type { Pass } from '../runtime/context.ts';
import type { Model } from '../runtime/model.ts';
import type { Rows } from '../runtime/rows.ts';
import { SequenceBatch } from '../runtime/sequence-batch.ts';
import type { SavedSequence } from '../runtime/sequence-state.ts';
import type { Sampler } from './sampling.ts';

/** One of the texts that are written side by side. */
export interface Writing {
  /** Those with the very same one, one after the other, share its reading. */
  readonly prompt: Iterable<number>;
  readonly sampler: Pick<Sampler, 'sample'>;
  /** Whether the text ends with this token, the newest of it. Left out: only `eos` and the number of tokens end it. */
  readonly ends?: (id: number) => boolean;
}

/** What happens to text `text`, by its place among the writings: its prompt was read, it got token `id`, it ended. */
export interface WritingEvent {
  readonly text: number;
  readonly kind: 'read' | 'token' | 'end';
  /** -1 where there is no token. */
  readonly id: number;
}

/** Tokens and the seconds that they took. */
export interface Work {
  tokens: number;
  seconds: number;
}

/** Most rows of a prompt that are read at once. */
const PREFILL_ROWS = 256;

/** The largest block for writing so many texts side by side, each of at most `context` tokens where that matters. */
export function generationBlock(
  texts: number,
  context: number | null,
): { readonly rows: number; readonly seqLen: number; readonly context?: number } {
  if (context === null) {
    const rows = Math.max(PREFILL_ROWS, texts);
    return { rows, seqLen: rows };
  }
  const seqLen = Math.min(PREFILL_ROWS, context);
  return { rows: Math.ceil(Math.max(seqLen, texts) / seqLen) * seqLen, seqLen, context };
}
const BEGINS: Pass = {};
const CONTINUES: Pass = { continues: true };

/**
 * Writes texts with the same forward as training: a prompt is read in long pieces (prefill), then all texts go on side by
 * side, a row each (decode), while the model's layers carry their state. A token that is written leaves no garbage.
 */
export class TextGenerator {
  /** Of `generateAll`: prompts that were read, and tokens that were drawn. */
  readonly work: { readonly prefill: Work; readonly decode: Work } = {
    prefill: { tokens: 0, seconds: 0 },
    decode: { tokens: 0, seconds: 0 },
  };
  private readonly blocks: Blocks;
  private readonly decoders = new Map<number, Decoder>();

  private readonly prefillRows: number;

  /**
   * `texts`: how many are written side by side at most. `context`: the most tokens that a text may have, its prompt and what is
   * written; needed only where the model's layers grow with the sequence (`Model.growsToContext`).
   */
  constructor(
    private readonly model: Model,
    private readonly texts = 1,
    context?: number,
  ) {
    const bounded = context !== undefined && model.growsToContext;
    if (model.growsToContext && !bounded) throw new RangeError('this model needs a context to write in');
    const plan = generationBlock(texts, bounded ? context : null);
    this.prefillRows = plan.seqLen;
    this.blocks = new Blocks(model, { ...plan, training: false, targetCapacity: 1 });
  }

  /** How many ids the model knows. */
  get vocab(): number {
    return this.model.vocab;
  }

  /**
   * Tokens after `prompt` until `eos` (which is not given) or `maxTokens`, or until nobody asks for more. The text begins after an end-of-document
   * token, as every document in training does. `onRead` is called with the number of prompt tokens read so far.
   */
  *generate(
    prompt: Iterable<number>,
    eos: number,
    maxTokens: number,
    sampler: Pick<Sampler, 'sample'>,
    onRead?: (tokens: number) => void,
  ): Iterable<number> {
    this.model.prepare();
    const decoder = this.decoder(1);
    decoder.last[0] = this.read(Int32Array.from([eos, ...prompt]), onRead);
    for (let i = 0; i < maxTokens; i++) {
      decoder.step();
      const id = sampler.sample(decoder.next[0]!);
      if (id === eos) return;
      yield id;
      decoder.last[0] = id;
    }
  }

  /**
   * `generate` for many texts, of which the next begins as soon as another has ended. A text is to the bit what it would be
   * alone where the kernels give a row the same bits among any others, as all of ours do.
   */
  *generateAll(writings: Iterable<Writing>, eos: number, maxTokens: number): Iterable<WritingEvent> {
    this.model.prepare();
    const batch = new SequenceBatch<OpenText>(this.blocks, this.texts);
    const { prefill, decode } = this.work;
    let begun = 0;
    let reading:
      | { readonly prompt: Writing['prompt']; readonly last: number; readonly saved: SavedSequence }
      | undefined;
    const waiting = writings[Symbol.iterator]();
    for (let done = false; ; ) {
      // All prompts are read before `arrange`: a text that continues alone has the state in which prompts are read.
      while (!done && !batch.isFull) {
        const { value: writing, done: none } = waiting.next();
        done = none ?? false;
        if (!writing) break;
        if (!reading || writing.prompt !== reading.prompt) {
          const began = performance.now();
          const ids = Int32Array.from([eos, ...writing.prompt]);
          const last = this.read(ids);
          reading = { prompt: writing.prompt, last, saved: this.blocks.state(1).save(0) };
          prefill.tokens += ids.length - 1;
          prefill.seconds += (performance.now() - began) / 1000;
        }
        const text = begun++;
        const { sampler, ends } = writing;
        batch.join({ text, sampler, ends, last: reading.last, tokens: 0 }, reading.saved);
        yield { text, kind: 'read', id: -1 };
      }
      if (batch.count === 0) return;
      const began = performance.now();
      const members = batch.arrange();
      const { last, next, step } = this.decoder(members.length);
      for (const [i, member] of members.entries()) last[i] = member?.last ?? eos;
      step();
      for (const [i, member] of members.entries()) if (member) member.last = member.sampler.sample(next[i]!);
      decode.tokens += batch.count;
      decode.seconds += (performance.now() - began) / 1000;
      for (const [i, member] of members.entries()) {
        if (!member) continue;
        const { text, last: id } = member;
        if (id !== eos) {
          const ends = member.ends?.(id) ?? false;
          yield { text, kind: 'token', id };
          if (++member.tokens < maxTokens && !ends) continue;
        }
        batch.leave(i);
        yield { text, kind: 'end', id: -1 };
      }
    }
  }

  /** Made at its first use: what it takes to add a token to this many texts. */
  private decoder(texts: number): Decoder {
    const made = this.decoders.get(texts);
    if (made) return made;
    const { model, blocks } = this;
    const block = blocks.block(texts, 1);
    const logits = allocateMat(model.backend, texts, model.vocab, 'logits');
    const last = new Int32Array(texts);
    const rows = withoutTargets(last);
    const decoder: Decoder = {
      last,
      next: Array.from({ length: texts }, (_, i) =>
        logits.data.subarray(i * model.vocab, (i + 1) * model.vocab),
      ),
      step: () => {
        block.load(rows);
        block.forward(CONTINUES);
        block.logits(logits, CONTINUES);
      },
    };
    this.decoders.set(texts, decoder);
    return decoder;
  }

  /** Reads all ids but the last, which it returns: the text continues with it, in the state of one sequence. */
  private read(ids: Int32Array, onRead?: (tokens: number) => void): number {
    const { blocks } = this;
    const length = ids.length - 1;
    blocks.state(1).clear();
    for (let start = 0, count = 0; start < length; start += count) {
      // Exactly as many as there are, as layers carry what they saw last; powers of two, so that few blocks are planned.
      count = Math.min(this.prefillRows, 2 ** Math.floor(Math.log2(length - start)));
      const block = blocks.block(count, count);
      block.load(withoutTargets(ids.subarray(start, start + count)));
      block.forward(start === 0 ? BEGINS : CONTINUES);
      onRead?.(start + count);
    }
    if (length === 0) onRead?.(0);
    return ids[length]!;
  }
}

interface OpenText {
  readonly text: number;
  readonly sampler: Writing['sampler'];
  readonly ends: Writing['ends'];
  /** Its newest token. */
  last: number;
  /** Written so far. */
  tokens: number;
}

/** Texts that go on side by side by one token each. */
interface Decoder {
  /** The token that each text had last. */
  readonly last: Int32Array;
  /** After `step`: the logits that follow in each text. */
  readonly next: readonly Mat['data'][];
  readonly step: () => void;
}

const NONE = new Int32Array(0);

function withoutTargets(ids: Int32Array): Rows {
  const { length: count } = ids;
  return { count, ids, offsets: new Int32Array(count + 1), targetIds: NONE, weights: NONE };
}
