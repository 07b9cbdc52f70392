import { randomInt } from 'node:crypto';
import { z } from 'zod';
import { availableMemory, decodingBytes } from '../compose/memory.ts';
import { FlashError } from '../core/errors.ts';
import { formatBytes } from '../core/format-bytes.ts';
import { Random } from '../core/random.ts';
import { callback, checkOptions, optionsOf } from '../recipes/check-options.ts';
import type { Recipe } from '../recipes/load.ts';
import { SAMPLE } from '../recipes/schema.ts';
import type { Model } from '../runtime/model.ts';
import { TextGenerator } from '../train/generate.ts';
import {
  longestText,
  type PromptListener,
  type TextEnding,
  type TextRequest,
  writeText,
} from '../train/write-text.ts';
import { checkArguments } from './arguments.ts';
import { documentMarker } from './document-marker.ts';
import type { Trained } from './trained.ts';
import { OPEN_OPTIONS, type OpenOptions, printNotice, withTrained } from './with-trained.ts';

export interface WritingOptions {
  /** What the text begins with. The recipe's `sample` has the default of this and of every option below except `seed`. */
  readonly prompt?: string;
  /** 0 takes the likeliest token; 1 draws from the model's own probabilities. */
  readonly temperature?: number;
  /** Draw from this many likeliest tokens only. */
  readonly topK?: number;
  /** Draw only from the likeliest tokens whose probabilities add up to this. */
  readonly topP?: number;
  /** Draw from tokens with at least this share of the likeliest one's probability only. */
  readonly minP?: number;
  /** Divides the logits of tokens that the text already contains; multiplies them where they are negative. */
  readonly repetitionPenalty?: number;
  /** The text ends before the first of these that is written after the prompt. */
  readonly stop?: readonly string[];
  readonly maxTokens?: number;
  /** The same seed writes the same text. Default: a new random seed for each text. */
  readonly seed?: number;
  /** Called with the number of prompt tokens read so far. */
  readonly onRead?: PromptListener;
  /** Called with each notice for the user, in whole sentences. */
  readonly onNotice?: (notice: string) => void;
}

const { prompt, max_tokens, temperature, top_k, top_p, min_p, repetition_penalty, stop } = SAMPLE.shape;
/** How tokens are drawn, and how many. */
export const DRAWING_OPTIONS = {
  temperature,
  topK: top_k,
  topP: top_p,
  minP: min_p,
  repetitionPenalty: repetition_penalty,
  stop,
  maxTokens: max_tokens,
  seed: z.int().min(0),
};
const WRITING_OPTIONS = optionsOf<WritingOptions>({
  prompt,
  ...DRAWING_OPTIONS,
  onRead: callback,
  onNotice: callback,
});

/** The options of `generateText`, which may also open the run; the prompt is a separate argument. */
const RUN_WRITING_OPTIONS = WRITING_OPTIONS.omit({ prompt: true }).extend(optionsOf(OPEN_OPTIONS).shape);

export interface GeneratedText {
  /** The checkpoint's training step. */
  readonly step: number;
  readonly seed: number;
  readonly prompt: string;
  /** The prompt and what was written after it. */
  readonly text: string;
  /** Tokens written. */
  readonly tokens: number;
  /** Why the text ended: its document did, a `stop` was written (`text` leaves it out), or it has `maxTokens`. */
  readonly ending: TextEnding;
}

/**
 * Continues a prompt. Yields the text that each token completes ('' while a character is incomplete), and returns the whole
 * text.
 */
export function streamText(trained: Trained, options: WritingOptions = {}): Generator<string, GeneratedText> {
  checkArguments('streamText', { trained });
  checkOptions('streamText', 'the options', WRITING_OPTIONS, options);
  return stream(trained, options);
}

function* stream(
  trained: Trained,
  { prompt = trained.recipe.sample.prompt, seed = newSeed(), onRead, onNotice, ...options }: WritingOptions,
): Generator<string, GeneratedText> {
  const request = { prompt, ...drawing(trained.recipe, options) };
  const generator = openGenerator(trained, 1, textContext(trained, [prompt], request), onNotice);
  const writing = writeText(generator, trained.tokenizer, request, randomOf(seed), onRead);
  let written = '';
  for (;;) {
    const { done, value } = writing.next();
    if (done) return { step: trained.step, seed, prompt, text: prompt + written, ...value };
    written += value;
    yield value;
  }
}

/** The context that a model needs for these texts; undefined for models that write texts of any length. */
export function textContext(
  { composed: { model }, tokenizer }: Trained,
  prompts: Iterable<string>,
  request: Pick<TextRequest, 'maxTokens' | 'marker' | 'reset'>,
): number | undefined {
  return model.growsToContext ? longestText(tokenizer, prompts, request) : undefined;
}

/**
 * A generator that writes `texts` texts side by side. Calls `onNotice`, after memory is allocated, if a text may become longer
 * than the sequences that the model was trained on.
 * @throws FlashError for a `context` that needs more memory than there is.
 */
export function openGenerator(
  { composed: { model }, recipe }: Trained,
  texts: number,
  context: number | undefined,
  onNotice?: (notice: string) => void,
): TextGenerator {
  if (context !== undefined) requireRoom(model, texts, context);
  const generator = new TextGenerator(model, texts, context);
  const { seq_len: trained } = recipe.data;
  if (context !== undefined && context > trained) {
    const [longest, sequence] = [context, trained].map((tokens) => tokens.toLocaleString('en'));
    onNotice?.(
      `A text may get ${longest} tokens long with its prompt; the model was trained on sequences of ${sequence} (data.seq_len). ` +
        'It goes on beyond them, and may write worse there.',
    );
  }
  return generator;
}

function requireRoom(model: Model, texts: number, context: number): void {
  const [needed, available] = [decodingBytes(model, texts, context, model.backend), availableMemory()];
  if (needed <= available) return;
  const what = `A text of ${context.toLocaleString('en')} tokens, its prompt among them, needs ${formatBytes(needed)} of memory`;
  throw new FlashError(`${what}; there are ${formatBytes(available)}`, {
    remedy: 'Write fewer tokens (--max-tokens), or give a shorter prompt.',
    exitCode: 2,
  });
}

export const newSeed = (): number => randomInt(2 ** 32);

/** The random numbers that the text of a seed is drawn with. */
export const randomOf = (seed: number): Random => new Random(seed, 'generate');

/** How a text is written. The recipe's `sample` supplies what the options leave out. */
export function drawing(
  recipe: Recipe,
  options: Omit<WritingOptions, 'prompt' | 'seed' | 'onRead'> = {},
): Omit<TextRequest, 'prompt'> {
  const { sample } = recipe;
  return {
    maxTokens: options.maxTokens ?? sample.max_tokens,
    marker: documentMarker(recipe),
    reset: recipe.data.documents === 'reset',
    temperature: options.temperature ?? sample.temperature,
    topK: options.topK ?? sample.top_k ?? undefined,
    topP: options.topP ?? sample.top_p,
    minP: options.minP ?? sample.min_p,
    repetitionPenalty: options.repetitionPenalty ?? sample.repetition_penalty,
    stop: options.stop ?? sample.stop,
  };
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
    const writing = stream(trained, { ...options, prompt, onNotice: options.onNotice ?? printNotice });
    for (;;) {
      const { done, value } = writing.next();
      if (done) return value;
    }
  });
}
