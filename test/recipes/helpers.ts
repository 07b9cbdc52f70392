import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { RecipeError } from '../../src/recipes/errors.ts';
import { type LoadOptions, loadRecipe } from '../../src/recipes/load.ts';

export { VALID } from './valid-recipe.ts';

/** A folder that is gone after the test, with these files in it. */
export function folder(files: Readonly<Record<string, string | Uint8Array>> = {}): string {
  const dir = mkdtempSync(join(tmpdir(), 'flashlm-recipes-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), content);
  }
  return dir;
}

/** The lines of the RecipeError that loading ends with, the folder's name taken out of them. */
export async function mistakes(
  dir: string,
  file = 'recipe.yaml',
  options: LoadOptions = {},
): Promise<string[]> {
  try {
    await loadRecipe(join(dir, file), options);
  } catch (error) {
    if (error instanceof RecipeError)
      return error.message.split('\n').map((line) => line.replaceAll(`${dir}/`, ''));
    throw error;
  }
  return [];
}

/** The mistakes of one recipe's text. */
export function mistakesOf(text: string, options: LoadOptions = {}): Promise<string[]> {
  return mistakes(folder({ 'recipe.yaml': text }), 'recipe.yaml', options);
}
