import type { Random } from '../core/random.ts';
import type { Tokenizer } from '../data/tokenizer/tokenizer.ts';
import type { TextGenerator } from './generate.ts';
import { promptIds } from './prompt.ts';
import { Sampler, type SamplingOptions, unsampledIds } from './sampling.ts';

export interface TextRequest extends SamplingOptions {
  readonly prompt: string;
  readonly maxTokens: number;
  /** What stands between documents in the run's data, if something does (`promptIds`). */
  readonly marker: string | undefined;
}

/** Hears how many of the prompt's tokens were read. */
export type PromptListener = (read: number, tokens: number) => void;

/**
 * Writes on from a prompt: yields after each token the text that it completes, '' while a character is incomplete. A
 * character that is incomplete at the end is left out. A text ends at the end of its document or after `maxTokens`.
 */
export function* writeText(
  generator: Pick<TextGenerator, 'generate' | 'vocab'>,
  tokenizer: Tokenizer,
  { prompt, maxTokens, marker, ...sampling }: TextRequest,
  random: Random,
  onRead?: PromptListener,
): Generator<string, void> {
  const { vocab } = generator;
  const sampler = new Sampler(vocab, sampling, random, unsampledIds(tokenizer, vocab));
  const decoder = tokenizer.streamDecoder();
  const ids = promptIds(tokenizer, prompt, marker);
  const read = onRead && ((count: number) => onRead(count, ids.length));
  for (const id of generator.generate(ids, tokenizer.eos, maxTokens, sampler, read)) yield decoder.push(id);
}
