import { randomInt } from 'node:crypto';
import { z } from 'zod';
import { Random } from '../core/random.ts';
import { callback, checkOptions, optionsOf } from '../recipes/check-options.ts';
import { SAMPLE } from '../recipes/schema.ts';
import { TextGenerator } from '../train/generate.ts';
import { type PromptListener, writeText } from '../train/write-text.ts';
import { checkArguments } from './arguments.ts';
import { documentMarker } from './document-marker.ts';
import type { Trained } from './trained.ts';
import { OPEN_OPTIONS, type OpenOptions, withTrained } from './with-trained.ts';

export interface WritingOptions {
  /** What the text begins with. Default of this and of all others but the seed: the recipe's `sample`. */
  readonly prompt?: string;
  /** 0 takes the likeliest token, 1 draws as the model says. */
  readonly temperature?: number;
  /** Draw from this many likeliest tokens only. */
  readonly topK?: number;
  /** Draw from the likeliest tokens of this probability only. */
  readonly topP?: number;
  readonly maxTokens?: number;
  /** The same seed writes the same text. Default: another one each time. */
  readonly seed?: number;
  /** Hears how many of the prompt's tokens were read. */
  readonly onRead?: PromptListener;
}

const { prompt, max_tokens, temperature, top_k, top_p } = SAMPLE.shape;
const WRITING_OPTIONS = optionsOf<WritingOptions>({
  prompt,
  temperature,
  topK: top_k,
  topP: top_p,
  maxTokens: max_tokens,
  seed: z.int().min(0),
  onRead: callback,
});

/** Of a model that is named by its run too; the prompt is an argument by itself. */
const RUN_WRITING_OPTIONS = WRITING_OPTIONS.omit({ prompt: true }).extend(optionsOf(OPEN_OPTIONS).shape);

export interface GeneratedText {
  /** Of the checkpoint. */
  readonly step: number;
  readonly seed: number;
  readonly prompt: string;
  /** The prompt and what was written after it. */
  readonly text: string;
  /** Tokens written. */
  readonly tokens: number;
  /** Whether the document ended, or `maxTokens` were written. */
  readonly ending: 'eos' | 'max_tokens';
}

/**
 * Writes on from a prompt. Yields after each token the text that it completes ('' while a character is incomplete), and
 * returns what was written as a whole.
 */
export function streamText(trained: Trained, options: WritingOptions = {}): Generator<string, GeneratedText> {
  checkArguments('streamText', { trained });
  checkOptions('streamText', 'the options', WRITING_OPTIONS, options);
  return stream(trained, options);
}

function* stream(
  { recipe, composed, tokenizer, step }: Trained,
  { prompt = recipe.sample.prompt, seed = randomInt(2 ** 32), onRead, ...options }: WritingOptions,
): Generator<string, GeneratedText> {
  const { sample } = recipe;
  const request = {
    prompt,
    maxTokens: options.maxTokens ?? sample.max_tokens,
    marker: documentMarker(recipe),
    temperature: options.temperature ?? sample.temperature,
    topK: options.topK ?? sample.top_k ?? undefined,
    topP: options.topP ?? sample.top_p,
  };
  const generator = new TextGenerator(composed.model);
  let written = '';
  let tokens = 0;
  for (const piece of writeText(generator, tokenizer, request, new Random(seed, 'generate'), onRead)) {
    tokens++;
    written += piece;
    yield piece;
  }
  const ending = tokens < request.maxTokens ? 'eos' : 'max_tokens';
  return { step, seed, prompt, text: prompt + written, tokens, ending };
}

/**
 * The text that a trained run writes after `prompt`, as the command `generate` does. `run` is the directory of a run or of one
 * of its checkpoints, or a model that `loadTrained` has opened.
 * @throws FlashError when there is no such run.
 */
export async function generateText(
  run: string | Trained,
  prompt?: string,
  options: Omit<WritingOptions, 'prompt'> & OpenOptions = {},
): Promise<GeneratedText> {
  checkArguments('generateText', { run, prompt });
  checkOptions('generateText', 'the options', RUN_WRITING_OPTIONS, options);
  return withTrained(run, options, (trained) => {
    const writing = stream(trained, { ...options, prompt });
    for (;;) {
      const { done, value } = writing.next();
      if (done) return value;
    }
  });
}
