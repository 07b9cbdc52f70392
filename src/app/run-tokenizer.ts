import { FlashError } from '../core/errors.ts';
import { Tokenizer } from '../data/tokenizer/tokenizer.ts';
import type { Recipe } from '../recipes/load.ts';

/** Reads the tokenizer of a run. @throws FlashError when it can't be read, or has more ids than the run's model knows. */
export function runTokenizer(path: string, recipe: Recipe): Tokenizer {
  const tokenizer = Tokenizer.load(path);
  if (tokenizer.vocabSize <= recipe.tokenizer.vocab) return tokenizer;
  throw new FlashError(
    `The tokenizer has ${tokenizer.vocabSize} ids, the run's has at most ${recipe.tokenizer.vocab}`,
    { where: path, remedy: "Put the run's own tokenizer.json back." },
  );
}
