import { z } from 'zod';
import { callback, changes, checkOptions } from '../recipes/check-options.ts';

// Checks the arguments of library functions at run time: callers may be plain JavaScript.

const isText = (value: unknown): boolean => typeof value === 'string' && value.trim() !== '';

const has = (value: unknown, ...keys: readonly string[]): boolean =>
  typeof value === 'object' && value !== null && keys.every((key) => key in value);

const ARGUMENTS = {
  run: z.custom(
    (value) => isText(value) || has(value, 'composed', 'tokenizer'),
    'must be the directory of a run, or a model from loadTrained',
  ),
  trained: z.custom((value) => has(value, 'composed', 'tokenizer'), 'must be a model from loadTrained'),
  directories: z
    .array(z.custom(isText, 'must be the directory of a run'))
    .min(1, 'must have at least one run'),
  directory: z.custom(isText, 'must be the directory of a run'),
  recipe: z.custom(
    (value) => isText(value) || has(value, 'registry', 'model'),
    'must be the name or the file of a recipe, or a recipe from loadRecipe',
  ),
  folder: z.custom(isText, 'must be a folder'),
  changes,
  places: changes,
  onNotice: callback,
  loaded: z.custom((value) => has(value, 'registry', 'model'), 'must be a recipe from loadRecipe'),
  prompt: z.string().optional(),
  prompts: z.array(z.string()).min(1, 'must have at least one text'),
};

/** @throws FlashError that names `caller` and the first argument of the wrong kind. */
export function checkArguments(
  caller: string,
  given: { readonly [K in keyof typeof ARGUMENTS]?: unknown },
): void {
  const shape = Object.fromEntries(
    Object.keys(given).map((key) => [key, ARGUMENTS[key as keyof typeof ARGUMENTS]]),
  );
  checkOptions(caller, 'the arguments', z.strictObject(shape), given);
}
