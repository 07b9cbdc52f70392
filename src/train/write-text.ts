import type { Random } from '../core/random.ts';
import type { Tokenizer } from '../data/tokenizer/tokenizer.ts';
import type { TextGenerator, Writing } from './generate.ts';
import { promptIds } from './prompt.ts';
import { Sampler, type SamplingOptions, unsampledIds } from './sampling.ts';

export interface TextRequest extends SamplingOptions {
  readonly prompt: string;
  readonly maxTokens: number;
  /** The marker between documents in the run's data, if there is one (`promptIds`). */
  readonly marker: string | undefined;
  /** Nothing crosses from one document of a prompt to the next. */
  readonly reset?: boolean | undefined;
}

/** Called with the number of prompt tokens read so far. */
export type PromptListener = (read: number, tokens: number) => void;

/**
 * Writes on from a prompt: yields after each token the text that it completes, '' while a character is incomplete. A
 * character that is incomplete at the end is left out. A text ends at the end of its document or after `maxTokens`.
 */
export function* writeText(
  generator: Pick<TextGenerator, 'generate' | 'vocab'>,
  tokenizer: Tokenizer,
  { prompt, maxTokens, marker, reset, ...sampling }: TextRequest,
  random: Random,
  onRead?: PromptListener,
): Generator<string, void> {
  const { vocab } = generator;
  const sampler = new Sampler(vocab, sampling, random, unsampledIds(tokenizer, vocab));
  const decoder = tokenizer.streamDecoder();
  const ids = promptIds(tokenizer, prompt, { marker, reset });
  const read = onRead && ((count: number) => onRead(count, ids.length));
  for (const id of generator.generate(ids, tokenizer.eos, maxTokens, sampler, read)) yield decoder.push(id);
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
  /** What was written after the prompt, once that is whole. */
  readonly written: string | undefined;
}

/** `writeText` for many texts, written side by side. Stops after each prompt that was read and each token that was written. */
export function* writeTexts(
  generator: Pick<TextGenerator, 'generateAll' | 'vocab'>,
  tokenizer: Tokenizer,
  starts: Iterable<TextStart>,
  { maxTokens, marker, reset, ...sampling }: Omit<TextRequest, 'prompt'>,
): Generator<TextEvent, void> {
  const { vocab } = generator;
  const banned = unsampledIds(tokenizer, vocab);
  const texts = new Map<number, OpenText>();
  const writings = function* (): Generator<Writing> {
    // One sampler's memory, of the size of the vocabulary, serves all texts.
    let sampler: Sampler | undefined;
    let last: { readonly prompt: string; readonly ids: Int32Array } | undefined;
    for (const { prompt, random } of starts) {
      sampler ??= new Sampler(vocab, sampling, random, banned);
      if (!last || last.prompt !== prompt)
        last = { prompt, ids: promptIds(tokenizer, prompt, { marker, reset }) };
      const shared = sampler;
      yield { prompt: last.ids, sampler: { sample: (logits) => shared.sample(logits, random) } };
    }
  };
  for (const { text, kind, id } of generator.generateAll(writings(), tokenizer.eos, maxTokens)) {
    if (kind === 'read') texts.set(text, { decoder: tokenizer.streamDecoder(), written: '', tokens: 0 });
    const open = texts.get(text)!;
    if (kind === 'token') {
      open.written += open.decoder.push(id);
      open.tokens++;
    }
    if (kind === 'end') texts.delete(text);
    yield { text, tokens: open.tokens, written: kind === 'end' ? open.written : undefined };
  }
}

interface OpenText {
  readonly decoder: ReturnType<Tokenizer['streamDecoder']>;
  written: string;
  tokens: number;
}
