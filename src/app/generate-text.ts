import { randomInt } from 'node:crypto';
import { z } from 'zod';
import { Random } from '../core/random.ts';
import { callback, checkOptions, optionsOf } from '../recipes/check-options.ts';
import type { Recipe } from '../recipes/load.ts';
import { SAMPLE } from '../recipes/schema.ts';
import { TextGenerator } from '../train/generate.ts';
import { longestText, type PromptListener, type TextRequest, writeText } from '../train/write-text.ts';
import { checkArguments } from './arguments.ts';
import { documentMarker } from './document-marker.ts';
import type { Trained } from './trained.ts';
import { OPEN_OPTIONS, type OpenOptions, printNotice, withTrained } from './with-trained.ts';

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
  /** Called with the number of prompt tokens read so far. */
  readonly onRead?: PromptListener;
}

const { prompt, max_tokens, temperature, top_k, top_p } = SAMPLE.shape;
/** How tokens are drawn, and how many. */
export const DRAWING_OPTIONS = {
  temperature,
  topK: top_k,
  topP: top_p,
  maxTokens: max_tokens,
  seed: z.int().min(0),
};
const WRITING_OPTIONS = optionsOf<WritingOptions>({ prompt, ...DRAWING_OPTIONS, onRead: callback });

/** Of a model that is named by its run too; the prompt is a separate argument. */
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
  trained: Trained,
  { prompt = trained.recipe.sample.prompt, seed = newSeed(), onRead, ...options }: WritingOptions,
): Generator<string, GeneratedText> {
  const request = { prompt, ...drawing(trained.recipe, options) };
  const generator = new TextGenerator(trained.composed.model, 1, textContext(trained, [prompt], request));
  let written = '';
  let tokens = 0;
  for (const piece of writeText(generator, trained.tokenizer, request, randomOf(seed), onRead)) {
    tokens++;
    written += piece;
    yield piece;
  }
  return generatedText(trained, { prompt, written, tokens, seed, maxTokens: request.maxTokens });
}

/** The context that a model needs for these texts; undefined for models that write texts of any length. */
export function textContext(
  { composed: { model }, tokenizer }: Trained,
  prompts: Iterable<string>,
  request: Pick<TextRequest, 'maxTokens' | 'marker' | 'reset'>,
): number | undefined {
  return model.growsToContext ? longestText(tokenizer, prompts, request) : undefined;
}

/** What a person should know of texts that may get longer than the sequences that the model was trained on. */
export function lengthNotice({ recipe }: Trained, context: number | undefined): string | undefined {
  const { seq_len: trained } = recipe.data;
  if (context === undefined || context <= trained) return undefined;
  return (
    `A text may get ${context} tokens long with its prompt; the model was trained on sequences of ${trained} (data.seq_len). ` +
    'It goes on beyond them, and may write worse there.'
  );
}

export const newSeed = (): number => randomInt(2 ** 32);

/** What the text of a seed draws from. */
export const randomOf = (seed: number): Random => new Random(seed, 'generate');

/** How a text is written: what the options leave out is as in the recipe's `sample`. */
export function drawing(
  recipe: Recipe,
  { maxTokens, temperature, topK, topP }: Omit<WritingOptions, 'prompt' | 'seed' | 'onRead'>,
): Omit<TextRequest, 'prompt'> {
  const { sample } = recipe;
  return {
    maxTokens: maxTokens ?? sample.max_tokens,
    marker: documentMarker(recipe),
    reset: recipe.data.documents === 'reset',
    temperature: temperature ?? sample.temperature,
    topK: topK ?? sample.top_k ?? undefined,
    topP: topP ?? sample.top_p,
  };
}

export function generatedText(
  { step }: Trained,
  text: {
    readonly prompt: string;
    readonly written: string;
    readonly tokens: number;
    readonly seed: number;
    readonly maxTokens: number;
  },
): GeneratedText {
  const { prompt, written, tokens, seed, maxTokens } = text;
  const ending = tokens < maxTokens ? 'eos' : 'max_tokens';
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
    const { sample } = trained.recipe;
    const request = drawing(trained.recipe, options);
    const notice = lengthNotice(trained, textContext(trained, [prompt ?? sample.prompt], request));
    if (notice) (options.onNotice ?? printNotice)(notice);
    const writing = stream(trained, { ...options, prompt });
    for (;;) {
      const { done, value } = writing.next();
      if (done) return value;
    }
  });
}
