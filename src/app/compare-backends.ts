import { DisagreementError } from '../backends/diff/diff.ts';
import { nativeStatus } from '../backends/native/index.ts';
import type { Backend } from '../core/backend.ts';
import { computeName, computeNotice, computeOn } from '../core/compute.ts';
import { BatchSource } from '../data/batches.ts';
import type { PrepareProgress } from '../data/prepare.ts';
import { createBackend, parseBackend } from '../recipes/create.ts';
import type { Recipe } from '../recipes/load.ts';
import { compareTraining, type OpAgreement } from '../verify/backend-comparison.ts';
import { describeModel } from './describe.ts';
import { recipeTraining } from './recipe-training.ts';
import { prepareRunData } from './run-data.ts';
import { noteOnError } from './with-trained.ts';

export interface ComparisonOptions {
  /** As recipes name them. Default: every instruction set that runs here. */
  readonly backends?: readonly string[];
  /** The backend that is right. Default `reference:f64`. */
  readonly against?: string;
  /** Training steps; default 1. */
  readonly steps?: number;
  readonly onPrepare?: (progress: PrepareProgress) => void;
  /** Hears which share of the steps of which backend is compared. */
  readonly onProgress?: (share: number, backend: string) => void;
  readonly onNotice?: (notice: string) => void;
}

/** What is known of one backend that agreed in every call. */
export interface BackendAgreement {
  readonly backend: string;
  readonly against: string;
  readonly compute: string;
  readonly steps: number;
  readonly ops: readonly OpAgreement[];
}

/**
 * Trains a recipe on each backend and gives every kernel call to another backend too, as the command `diff` does. Yields what
 * agreed, backend by backend.
 * @throws FlashError at the first call whose results differ by more than its op allows.
 */
export async function* compareBackends(
  recipe: Recipe,
  { steps = 1, against = 'reference:f64', onNotice = noteOnError, ...options }: ComparisonOptions = {},
): AsyncGenerator<BackendAgreement, void> {
  describeModel(recipe);
  const { train, valid } = await prepareRunData(recipe, { onProgress: options.onPrepare });
  for (const notice of train.notices) onNotice(notice);
  try {
    const { seq_len: seqLen, batch, order } = recipe.data;
    const batches = new BatchSource(train.tokens, { seqLen, batch, order, seed: recipe.train.seed });
    const make = recipeTraining(recipe, batches, seqLen * batch);
    const path = recipe.collapse === 'auto' ? 'collapsed' : 'dense';
    for (const name of options.backends ?? ownBackends()) {
      const backend = open(name, recipe, onNotice);
      const measure = open(against, recipe, onNotice, '--against');
      const shortfall = computeNotice(backend, recipe.compute);
      if (shortfall) onNotice(shortfall);
      try {
        const ops = await compareTraining(make, path, backend, measure, steps, (share) =>
          options.onProgress?.(share, backend.name),
        );
        const compute = computeName(computeOn(backend, recipe.compute));
        yield { backend: backend.name, against: measure.name, compute, steps, ops };
      } catch (error) {
        if (error instanceof DisagreementError) error.plugins = recipe.plugins;
        throw error;
      } finally {
        backend.dispose();
        measure.dispose();
      }
    }
  } finally {
    train.tokens.close();
    valid?.tokens.close();
  }
}

/** Every instruction set that runs here, with its extensions. */
function ownBackends(): string[] {
  const isas = nativeStatus().isas.filter(({ supported }) => supported);
  return isas.length ? isas.map(({ isa }) => `native:${isa}`) : ['reference'];
}

function open(name: string, recipe: Recipe, notice: (text: string) => void, flag?: string): Backend {
  const { threads } = recipe.train;
  const context = { threads: threads === 'auto' ? undefined : threads, notice };
  return createBackend(parseBackend(name, recipe.registry, flag), context);
}
