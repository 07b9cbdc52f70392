import { createNativeBackend, nativeStatus } from '../backends/native/index.ts';
import { createReferenceBackend } from '../backends/reference/index.ts';
import type { Backend } from '../core/backend.ts';
import { FlashError } from '../core/errors.ts';
import type { Recipe } from '../recipes/load.ts';
import { type CausalityResult, checkCausality, isCheap, type Leak, longTokens } from './causality.ts';

/** Called with the share of the changes tried so far, from 0 to 1, and the backend. */
type OnProgress = (share: number, backend: string) => void;

/** Times longer than what a recipe is held to unasked. */
const EFFORT = 8;

/**
 * The gate as it runs without being asked for: on the reference backend, and then with longer sequences on a native one,
 * where each takes no more than a second or so.
 */
export function checkUnasked(recipe: Recipe, onProgress?: OnProgress): CausalityResult[] {
  if (!isCheap(recipe)) return [];
  const short = checkCausality(recipe, createReferenceBackend('f32'), { onProgress });
  return [short, ...checkLong(recipe, onProgress)];
}

/** Every token changed in turn, on the reference backend and on the native one; then longer sequences. */
export function checkThoroughly(recipe: Recipe, onProgress?: OnProgress): CausalityResult[] {
  const options = { effort: EFFORT, onProgress };
  return [
    checkCausality(recipe, createReferenceBackend('f32'), options),
    ...onNative((native) => checkCausality(recipe, native, options)),
    ...checkLong(recipe, onProgress),
  ];
}

/** Positions that are far into a sequence, and kernels that take other ways where there are many rows. */
function checkLong(recipe: Recipe, onProgress?: OnProgress): CausalityResult[] {
  const tokens = longTokens(recipe);
  return tokens ? onNative((native) => checkCausality(recipe, native, { tokens, onProgress })) : [];
}

/** Nothing where there is no native backend. */
function onNative(check: (backend: Backend) => CausalityResult): CausalityResult[] {
  if (!nativeStatus().available) return [];
  const backend = createNativeBackend();
  try {
    return [check(backend)];
  } finally {
    backend.dispose();
  }
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
