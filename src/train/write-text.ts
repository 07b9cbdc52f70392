import type { Random } from '../core/random.ts';
import type { Tokenizer } from '../data/tokenizer/tokenizer.ts';
import type { TextGenerator, Writing } from './generate.ts';
import { promptIds } from './prompt.ts';
import { Sampler, type SamplingOptions, unsampledIds } from './sampling.ts';
import { StopStrings } from './stop-strings.ts';

export interface TextRequest extends SamplingOptions {
  readonly prompt: string;
  readonly maxTokens: number;
  /** The marker between documents in the run's data, if there is one (`promptIds`). */
  readonly marker: string | undefined;
  /** Nothing crosses from one document of a prompt to the next. */
  readonly reset?: boolean | undefined;
  /** The text ends before the first of these that is written after the prompt. */
  readonly stop?: readonly string[];
}

/** Why a text ended: its document did, one of `stop` was written, or `maxTokens` were. */
export type TextEnding = 'eos' | 'stop' | 'max_tokens';

/** Called with the number of prompt tokens read so far. */
export type PromptListener = (read: number, tokens: number) => void;

/** A text while it is written: what its tokens mean, which of them it has, and whether it has ended. */
class OpenText {
  tokens = 0;
  private readonly decoder: ReturnType<Tokenizer['streamDecoder']>;
  private readonly stops: StopStrings;
  /** Those of the prompt too; the end of a document is no repetition. */
  private readonly seen: Set<number>;

  constructor(
    tokenizer: Tokenizer,
    prompt: Int32Array,
    private readonly maxTokens: number,
    stop: readonly string[] = [],
  ) {
    this.decoder = tokenizer.streamDecoder();
    this.stops = new StopStrings(stop);
    this.seen = new Set(prompt);
    this.seen.delete(tokenizer.eos);
  }

  /** Draws from `sampler`, whose memory many texts share. */
  sampler(sampler: Sampler, random: Random): Pick<Sampler, 'sample'> {
    return { sample: (logits) => sampler.sample(logits, random, this.seen) };
  }

  /** Adds a token and returns the text that it completes. */
  push(id: number): string {
    this.tokens++;
    this.seen.add(id);
    return this.stops.push(this.decoder.push(id));
  }

  get stopped(): boolean {
    return this.stops.stopped;
  }

  /** What was held back in case it began a stop string. */
  finish(): string {
    return this.stops.finish();
  }

  get ending(): TextEnding {
    if (this.stopped) return 'stop';
    return this.tokens < this.maxTokens ? 'eos' : 'max_tokens';
  }
}

/** What a text is once it is whole. */
export interface TextEnd {
  readonly tokens: number;
  readonly ending: TextEnding;
}

/**
 * Writes on from a prompt: yields after each token the text that it completes, '' while a character or what may be a stop string
 * is incomplete, and at the end what was held back for a stop string that did not come. A character that is incomplete at the
 * end is left out. A text ends at the end of its document, before a stop string, or after `maxTokens`.
 */
export function* writeText(
  generator: Pick<TextGenerator, 'generate' | 'vocab'>,
  tokenizer: Tokenizer,
  { prompt, maxTokens, marker, reset, stop, ...sampling }: TextRequest,
  random: Random,
  onRead?: PromptListener,
): Generator<string, TextEnd> {
  const { vocab } = generator;
  const sampler = new Sampler(vocab, sampling, random, unsampledIds(tokenizer, vocab));
  const ids = promptIds(tokenizer, prompt, { marker, reset });
  const text = new OpenText(tokenizer, ids, maxTokens, stop);
  const read = onRead && ((count: number) => onRead(count, ids.length));
  const own = text.sampler(sampler, random);
  for (const id of generator.generate(ids, tokenizer.eos, maxTokens, own, read)) {
    yield text.push(id);
    if (text.stopped) break;
  }
  const rest = text.finish();
  if (rest) yield rest;
  return { tokens: text.tokens, ending: text.ending };
}

/** The tokens of the longest text that these prompts may lead to, for the context of `TextGenerator`. */
export function longestText(
  tokenizer: Tokenizer,
  prompts: Iterable<string>,
  { maxTokens, ...documents }: Pick<TextRequest, 'maxTokens' | 'marker' | 'reset'>,
): number {
  let longest = 0;
  for (const prompt of prompts) longest = Math.max(longest, promptIds(tokenizer, prompt, documents).length);
  return longest + maxTokens;
}

/** A prompt and the random numbers of the text after it. */
export interface TextStart {
  readonly prompt: string;
  readonly random: Random;
}

/** What happens to a text, by its place among the starts. */
export interface TextEvent {
  readonly text: number;
  /** Tokens written so far. */
  readonly tokens: number;
  /** What was written after the prompt and why it ended, once it is whole. */
  readonly whole: { readonly written: string; readonly ending: TextEnding } | undefined;
}

/** `writeText` for many texts, written side by side. Stops after each prompt that was read and each token that was written. */
export function* writeTexts(
  generator: Pick<TextGenerator, 'generateAll' | 'vocab'>,
  tokenizer: Tokenizer,
  starts: Iterable<TextStart>,
  { maxTokens, marker, reset, stop, ...sampling }: Omit<TextRequest, 'prompt'>,
): Generator<TextEvent, void> {
  const { vocab } = generator;
  const banned = unsampledIds(tokenizer, vocab);
  const texts = new Map<number, { readonly open: OpenText; written: string }>();
  const writings = function* (): Generator<Writing> {
    // One sampler's memory, of the size of the vocabulary, serves all texts.
    let sampler: Sampler | undefined;
    let last: { readonly prompt: string; readonly ids: Int32Array } | undefined;
    let begun = 0;
    for (const { prompt, random } of starts) {
      sampler ??= new Sampler(vocab, sampling, random, banned);
      if (!last || last.prompt !== prompt)
        last = { prompt, ids: promptIds(tokenizer, prompt, { marker, reset }) };
      const open = new OpenText(tokenizer, last.ids, maxTokens, stop);
      const text = { open, written: '' };
      texts.set(begun++, text);
      const ends = (id: number): boolean => {
        text.written += open.push(id);
        return open.stopped;
      };
      yield { prompt: last.ids, sampler: open.sampler(sampler, random), ends };
    }
  };
  for (const { text, kind } of generator.generateAll(writings(), tokenizer.eos, maxTokens)) {
    const { open, written } = texts.get(text)!;
    if (kind === 'end') texts.delete(text);
    const whole = kind === 'end' ? { written: written + open.finish(), ending: open.ending } : undefined;
    yield { text, tokens: open.tokens, whole };
  }
}
