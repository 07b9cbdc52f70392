import { z } from 'zod';
import { count } from '../core/options.ts';
import { CORPUS_FORMATS } from '../data/corpus.ts';
import { type PreparedData, type PrepareOptions, prepareData as prepare } from '../data/prepare.ts';
import { Tokenizer } from '../data/tokenizer/tokenizer.ts';
import { callback, checkOptions, optionsOf } from '../recipes/check-options.ts';
import type { Recipe } from '../recipes/load.ts';
import {
  checkGradients as check,
  type GradcheckOptions,
  type GradientResult,
} from '../verify/gradient-check.ts';
import { checkArguments } from './arguments.ts';

// Functions of lower layers as the public API has them: with their arguments checked.

const text = z.string().min(1);

const PREPARE_OPTIONS = optionsOf<PrepareOptions>({
  files: z.array(text).min(1),
  format: z.enum(CORPUS_FORMATS),
  textField: text,
  part: z.strictObject({ validShare: z.number().gt(0).lt(1), side: z.enum(['train', 'valid']) }),
  tokenizer: z.custom(
    (value) =>
      value instanceof Tokenizer ||
      z
        .union([
          z.strictObject({ type: z.literal('byte_bpe'), vocab: count, minFrequency: count.optional() }),
          z.strictObject({ file: text, vocab: count.optional() }),
        ])
        .safeParse(value).success,
    "must be { type: 'byte_bpe', vocab }, { file }, or a Tokenizer",
  ),
  cacheDir: text,
  workers: count,
  onProgress: callback,
  signal: z.instanceof(AbortSignal),
}).required({ files: true, tokenizer: true });

/** {@inheritDoc prepare} @throws FlashError for wrong options too. */
export async function prepareData(options: PrepareOptions): Promise<PreparedData> {
  checkOptions('prepareData', 'the options', PREPARE_OPTIONS, options);
  return prepare(options);
}

const GRADCHECK_OPTIONS = optionsOf<GradcheckOptions>({ probes: count, onProgress: callback }).required({
  probes: true,
});

/** {@inheritDoc check} @throws FlashError for wrong options too. */
export function checkGradients(recipe: Recipe, options: GradcheckOptions): GradientResult[] {
  checkArguments('checkGradients', { loaded: recipe });
  checkOptions('checkGradients', 'the options', GRADCHECK_OPTIONS, options);
  return check(recipe, options);
}
