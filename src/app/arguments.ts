import { z } from 'zod';
import { checkOptions } from '../recipes/check-options.ts';

// What the functions of the library take beside their options. Not every program is checked by a compiler.

const isText = (value: unknown): boolean => typeof value === 'string' && value.trim() !== '';

const has = (value: unknown, ...keys: readonly string[]): boolean =>
  typeof value === 'object' && value !== null && keys.every((key) => key in value);

const ARGUMENTS = {
  run: z.custom(
    (value) => isText(value) || has(value, 'composed', 'tokenizer'),
    'must be the directory of a run, or what loadTrained gave',
  ),
  trained: z.custom((value) => has(value, 'composed', 'tokenizer'), 'must be what loadTrained gave'),
  directory: z.custom(isText, 'must be the directory of a run'),
  recipe: z.custom(
    (value) => isText(value) || has(value, 'registry', 'model'),
    'must be the name or the file of a recipe, or what loadRecipe gave',
  ),
  loaded: z.custom((value) => has(value, 'registry', 'model'), 'must be what loadRecipe gave'),
  prompt: z.string().optional(),
  prompts: z.array(z.string()).min(1, 'must have a text at least'),
};

/** @throws FlashError with the function's name when one of its arguments is none. */
export function checkArguments(
  caller: string,
  given: { readonly [K in keyof typeof ARGUMENTS]?: unknown },
): void {
  const shape = Object.fromEntries(
    Object.keys(given).map((key) => [key, ARGUMENTS[key as keyof typeof ARGUMENTS]]),
  );
  checkOptions(caller, 'the arguments', z.strictObject(shape), given);
}
