import { sequencesPerStep } from '../compose/run-limits.ts';
import { type BatchOptions, BatchSource } from '../data/batches.ts';
import type { TokenFile } from '../data/token-file.ts';
import { layersOf } from '../recipes/build-model.ts';
import type { Recipe } from '../recipes/load.ts';
import { couplingOf } from '../runtime/model.ts';

const isTokenWise = (recipe: Recipe): boolean => couplingOf(layersOf(recipe)) === 'row';

/** How the text of a recipe is cut into batches. */
export function batchOptions(recipe: Recipe): BatchOptions {
  const { seq_len: seqLen, order, align } = recipe.data;
  return {
    seqLen,
    batch: sequencesPerStep(recipe),
    order,
    seed: recipe.train.seed,
    align: align && !isTokenWise(recipe),
  };
}

/** The batches of a step each. @throws FlashError for data shorter than a sequence. */
export const batchesOf = (recipe: Recipe, tokens: TokenFile): BatchSource =>
  new BatchSource(tokens, batchOptions(recipe));

/** The token after which a document begins, where nothing crosses from one to the next in training. */
export const resetAt = (recipe: Recipe, { info }: Pick<TokenFile, 'info'>): number | undefined =>
  recipe.data.documents === 'reset' && !isTokenWise(recipe) ? info.eos : undefined;

/** What a person should know of how documents lie in sequences. */
export function documentNotices(recipe: Recipe, tokens: TokenFile, batches: BatchSource): string[] {
  const { documents, align, seq_len: seqLen } = recipe.data;
  if (isTokenWise(recipe)) {
    const set = [...(documents === 'reset' ? ['data.documents'] : []), ...(align ? ['data.align'] : [])];
    if (set.length === 0) return [];
    const verb = set.length > 1 ? 'change' : 'changes';
    return [`${set.join(' and ')} ${verb} nothing: no layer of this model sees another token.`];
  }
  if (!align) return [];
  const sequences = (batches.epochPositions / seqLen).toLocaleString('en-US');
  const again = ((100 * (batches.epochPositions - tokens.tokens)) / tokens.tokens).toFixed(1);
  return [
    `data.align: an epoch has ${sequences} sequences of ${seqLen} tokens; ${again}% of the text is read twice in it.`,
  ];
}
