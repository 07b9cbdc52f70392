import { createReferenceBackend } from '../backends/reference/index.ts';
import { FlashError } from '../core/errors.ts';
import type { Recipe } from '../recipes/load.ts';
import { type CausalityResult, checkCausality, isCheap, type Leak } from './causality.ts';

/** The gate as it runs without being asked for: on the reference backend, and only where that takes a second or so. */
export function checkUnasked(recipe: Recipe, onProgress?: (share: number) => void): CausalityResult[] {
  return isCheap(recipe) ? [checkCausality(recipe, createReferenceBackend('f32'), 1, onProgress)] : [];
}

/** @throws FlashError for a model that leaks though its recipe does not say so. */
export function refuseLeak(recipe: Recipe, results: readonly CausalityResult[]): void {
  const leaking = results.find(({ causal }) => causal === false);
  if (recipe.causal && leaking) throw leakError(leaking.leak!, leaking.backend);
}

function leakError(leak: Leak, backend: string): FlashError {
  const { path, type } = leak.layer;
  const mend = leak.kind === 'earlier token' ? "Give the layer the coupling 'sequence'" : 'Mend the layer';
  return new FlashError(`The model is not causal: ${describeLeak(leak)}`, {
    where: `${path} (${type}), on ${backend}`,
    remedy: `${mend}, or say "causal: false" in the recipe: every PPL is then marked as not causal.`,
  });
}

/** `a row sees a later token: with token 7 changed, logit 12 of row 6 went from 0.5 to 0.25` */
export function describeLeak({ kind, changed, seen, vocabularyId, before, after }: Leak): string {
  const sees = {
    'later token': 'a row sees a later token',
    'other sequence': 'a row sees another sequence',
    'earlier token': 'it calls itself token-wise, and a row sees an earlier token',
  }[kind];
  const across = changed.sequence === seen.sequence ? '' : ` of sequence ${changed.sequence}`;
  const row = `row ${seen.row}${across && ` of sequence ${seen.sequence}`}`;
  const what = vocabularyId === null ? 'the loss' : `logit ${vocabularyId}`;
  return `${sees}: with token ${changed.row}${across} changed, ${what} of ${row} went from ${before} to ${after}`;
}
