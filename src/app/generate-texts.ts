import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import { availableMemory, decodingBytes } from '../compose/memory.ts';
import { FlashError } from '../core/errors.ts';
import { formatBytes } from '../core/format-bytes.ts';
import { count as countSchema } from '../core/options.ts';
import { callback, checkOptions, optionsOf } from '../recipes/check-options.ts';
import { type TextStart, writeTexts } from '../train/write-text.ts';
import { checkArguments } from './arguments.ts';
import {
  DRAWING_OPTIONS,
  drawing,
  type GeneratedText,
  newSeed,
  openGenerator,
  randomOf,
  textContext,
  type WritingOptions,
} from './generate-text.ts';
import type { Trained } from './trained.ts';
import { OPEN_OPTIONS, type OpenOptions, openTrained, printNotice } from './with-trained.ts';

export interface GenerationOptions extends Omit<WritingOptions, 'prompt' | 'onRead'>, OpenOptions {
  /** Texts of each prompt. Default 1. */
  readonly count?: number;
  /** How many texts are written side by side, which changes no text. Default `auto`: as many as memory and speed allow. */
  readonly batch?: number | 'auto';
  readonly onProgress?: (progress: GenerationProgress) => void;
  /** Ends the work after the token under way: texts that are whole are still yielded. */
  readonly signal?: AbortSignal;
}

/** How far `generateTexts` is. */
export interface GenerationProgress {
  /** Texts that are whole, and all. */
  readonly whole: number;
  readonly texts: number;
  /** The part of the work that is done, from 0 to 1, where every text takes the most tokens that it may. */
  readonly share: number;
  /** How many texts are written side by side. */
  readonly batch: number;
  /** Tokens of prompts that were read, and tokens that were written, with the seconds that they took. */
  readonly prefill: { readonly tokens: number; readonly seconds: number };
  readonly decode: { readonly tokens: number; readonly seconds: number };
}

export interface IndexedText extends GeneratedText {
  /** Of the texts of its prompt, from 0. */
  readonly index: number;
}

const GENERATION_OPTIONS = optionsOf<GenerationOptions>({
  ...OPEN_OPTIONS,
  ...DRAWING_OPTIONS,
  count: countSchema,
  batch: z.union([z.literal('auto'), countSchema]),
  onProgress: callback,
  signal: z.instanceof(AbortSignal),
});

/**
 * `count` texts of each prompt, written side by side as the command `generate` does, in the order of the prompts. Text `index`
 * of a prompt has the seed `seed + index`: it is the text that `generateText` writes with that seed, whatever else is written.
 * `run` is the directory of a run or of one of its checkpoints, or a model that `loadTrained` has opened.
 * @throws FlashError when there is no such run, and when `batch` texts need more memory than there is.
 */
export function generateTexts(
  run: string | Trained,
  prompts: readonly string[],
  options: GenerationOptions = {},
): AsyncGenerator<IndexedText, void> {
  checkArguments('generateTexts', { run, prompts });
  checkOptions('generateTexts', 'the options', GENERATION_OPTIONS, options);
  return openAndWrite(run, prompts, options);
}

async function* openAndWrite(
  run: string | Trained,
  prompts: readonly string[],
  options: GenerationOptions,
): AsyncGenerator<IndexedText, void> {
  const { trained, close } = await openTrained(run, options);
  try {
    yield* write(trained, prompts, options);
  } finally {
    close();
  }
}

async function* write(
  trained: Trained,
  prompts: readonly string[],
  options: GenerationOptions,
): AsyncGenerator<IndexedText, void> {
  const { count = 1, seed = newSeed(), batch = 'auto', onProgress, signal } = options;
  const total = prompts.length * count;
  const request = drawing(trained.recipe, options);
  const context = textContext(trained, prompts, request);
  const sideBySide = batchSize(trained, batch, total, context);
  const generator = openGenerator(trained, sideBySide, context, options.onNotice ?? printNotice);
  const { maxTokens } = request;
  const seedOf = (text: number): number => nextSeed(seed, text % count);
  const starts = function* (): Generator<TextStart> {
    for (let text = 0; text < total; text++)
      yield { prompt: prompts[Math.floor(text / count)]!, random: randomOf(seedOf(text)) };
  };
  /** Whole texts, until all before them are whole too. */
  const held = new Map<number, IndexedText>();
  let [given, whole, tokens, turn] = [0, 0, 0, performance.now()];
  const tell = (): void =>
    onProgress?.({
      whole,
      texts: total,
      share: tokens / (total * maxTokens),
      batch: sideBySide,
      prefill: { ...generator.work.prefill },
      decode: { ...generator.work.decode },
    });
  for (const event of writeTexts(generator, trained.tokenizer, starts(), request)) {
    const { text, whole: ended } = event;
    if (!ended) {
      if (event.tokens > 0) tokens++;
    } else {
      const prompt = prompts[Math.floor(text / count)]!;
      const { written, ending } = ended;
      const seed = seedOf(text);
      const { step } = trained;
      const one = { step, seed, prompt, text: prompt + written, tokens: event.tokens, ending };
      held.set(text, { index: text % count, ...one });
      whole++;
      // What a text that ended early would still have taken.
      tokens += maxTokens - event.tokens;
      for (; held.has(given); given++) {
        tell();
        yield held.get(given)!;
        held.delete(given);
      }
    }
    if (performance.now() - turn > TURN_MS) {
      tell();
      await setImmediate();
      turn = performance.now();
    }
    if (signal?.aborted) break;
  }
  tell();
  for (const text of [...held.keys()].sort((a, b) => a - b)) yield held.get(text)!;
}

/** Signals and timers are let in after this long. */
const TURN_MS = 50;

/** The seeds after `seed`; after the largest whole number comes 0. */
function nextSeed(seed: number, steps: number): number {
  const room = Number.MAX_SAFE_INTEGER - seed;
  return steps <= room ? seed + steps : steps - room - 1;
}

/** More texts side by side make a token little cheaper. */
const AUTO_BATCH = 64;
/** The part of the memory that `auto` takes at most. */
const AUTO_SHARE = 1 / 4;

function batchSize(
  { composed: { model } }: Trained,
  batch: number | 'auto',
  texts: number,
  context: number | undefined,
): number {
  const bytes = (size: number): number => decodingBytes(model, size, context ?? null, model.backend);
  const available = availableMemory();
  if (batch === 'auto') {
    let size = Math.min(AUTO_BATCH, texts);
    while (size > 1 && bytes(size) > available * AUTO_SHARE) size >>= 1;
    return size;
  }
  const size = Math.min(batch, texts);
  if (bytes(size) <= available) return size;
  const needed = `${size} texts side by side need ${formatBytes(bytes(size))} of memory`;
  throw new FlashError(`${needed}; there are ${formatBytes(available)}`, {
    remedy: 'Write fewer side by side (--batch auto): the texts will be the same.',
    exitCode: 2,
  });
}
