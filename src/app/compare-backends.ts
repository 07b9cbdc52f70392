import { z } from 'zod';
import { DisagreementError } from '../backends/diff/diff.ts';
import type { UncomparedLayer } from '../backends/diff/uncompared-layers.ts';
import { nativeStatus } from '../backends/native/index.ts';
import { describeModel } from '../compose/describe.ts';
import { recipeTraining } from '../compose/recipe-training.ts';
import type { Backend } from '../core/backend.ts';
import type { Spec } from '../core/component.ts';
import { computeName, computeNotice, computeOn } from '../core/compute.ts';
import { count } from '../core/options.ts';
import type { PrepareProgress } from '../data/prepare.ts';
import { backendText } from '../recipes/backend-expression.ts';
import { isBuiltin } from '../recipes/builtins.ts';
import { callback, checkOptions, optionsOf } from '../recipes/check-options.ts';
import { createBackend, parseBackend } from '../recipes/create.ts';
import type { Recipe } from '../recipes/load.ts';
import { compareTraining, type OpAgreement } from '../verify/backend-comparison.ts';
import { checkArguments } from './arguments.ts';
import { batchesOf, resetAt } from './run-batches.ts';
import { prepareRunData } from './run-data.ts';
import { printNotice } from './with-trained.ts';

export interface ComparisonOptions {
  /** In the syntax of recipes. Default: every instruction set that runs here, or the recipe's backend if it uses a plugin. */
  readonly backends?: readonly string[];
  /** The backend to compare with. Default `reference:f64`. */
  readonly against?: string;
  /** Training steps; default 1. */
  readonly steps?: number;
  readonly onPrepare?: (progress: PrepareProgress) => void;
  /** Called with the share of the work that is done on `backend`, from 0 to 1. */
  readonly onProgress?: (share: number, backend: string) => void;
  readonly onNotice?: (notice: string) => void;
}

const COMPARISON_OPTIONS = optionsOf<ComparisonOptions>({
  backends: z.array(z.string().min(1)).min(1),
  against: z.string().min(1),
  steps: count,
  onPrepare: callback,
  onProgress: callback,
  onNotice: callback,
});

/** The result for one backend that agreed in every call. */
export interface BackendAgreement {
  readonly backend: string;
  readonly against: string;
  readonly compute: string;
  readonly steps: number;
  readonly ops: readonly OpAgreement[];
  /** Layers and passes that were not compared, because no kernel wrote their results. */
  readonly uncompared: readonly UncomparedLayer[];
}

/**
 * Trains a recipe on each backend and compares every kernel call with the same call on the backend `against`, as the
 * command `diff` does. Yields one result per backend.
 * @throws FlashError at the first call whose results differ by more than its op allows.
 */
export function compareBackends(
  recipe: Recipe,
  options: ComparisonOptions = {},
): AsyncGenerator<BackendAgreement, void> {
  checkArguments('compareBackends', { loaded: recipe });
  checkOptions('compareBackends', 'the options', COMPARISON_OPTIONS, options);
  return compare(recipe, options);
}

async function* compare(
  recipe: Recipe,
  { steps = 1, against = 'reference:f64', onNotice = printNotice, ...options }: ComparisonOptions,
): AsyncGenerator<BackendAgreement, void> {
  describeModel(recipe);
  const { train, valid } = await prepareRunData(recipe, { onProgress: options.onPrepare });
  for (const notice of train.notices) onNotice(notice);
  try {
    const batches = batchesOf(recipe, train.tokens);
    const make = recipeTraining(recipe, batches, batches.positions, resetAt(recipe, train.tokens));
    const mode = recipe.collapse === 'auto' ? 'collapsed' : 'dense';
    const named = options.backends?.map((name) => parseBackend(name, recipe.registry));
    for (const spec of named ?? defaultBackends(recipe, onNotice)) {
      const backend = openBackend(spec, recipe, onNotice);
      const reference = openBackend(parseBackend(against, recipe.registry, '--against'), recipe, onNotice);
      const shortfall = computeNotice(backend, recipe.compute);
      if (shortfall) onNotice(shortfall);
      try {
        const agreement = await compareTraining(make, mode, backend, reference, steps, (share) =>
          options.onProgress?.(share, backend.name),
        );
        const compute = computeName(computeOn(backend, recipe.compute));
        yield { backend: backend.name, against: reference.name, compute, steps, ...agreement };
      } catch (error) {
        if (error instanceof DisagreementError) error.plugins = recipe.plugins;
        throw error;
      } finally {
        backend.dispose();
        reference.dispose();
      }
    }
  } finally {
    train.tokens.close();
    valid?.tokens.close();
  }
}

/** Native kernels of every instruction set that runs here; the reference if there is none. */
function availableBackends(): string[] {
  const isas = nativeStatus().isas.filter(({ supported }) => supported);
  return isas.length ? isas.map(({ isa }) => `native:${isa}`) : ['reference'];
}

/** The recipe's backend if a plugin provides or wraps it, otherwise all available ones, with a notice if it isn't among them. */
function defaultBackends({ backend, registry }: Recipe, notice: (text: string) => void): Spec<'backend'>[] {
  const parts: readonly Spec[] = [backend, ...(backend.common.wrap as readonly Spec<'decorator'>[])];
  if (!parts.every(({ component }) => isBuiltin(component))) return [backend];
  const own = backendText(backend);
  const names = availableBackends();
  if (own !== 'native' && !names.includes(own))
    notice(
      `Compared: ${names.join(', ')}, not the recipe's backend ${own}; to compare that, name it with --backend.`,
    );
  return names.map((name) => parseBackend(name, registry));
}

function openBackend(spec: Spec<'backend'>, recipe: Recipe, notice: (text: string) => void): Backend {
  const { threads } = recipe.train;
  const context = { threads: threads === 'auto' ? undefined : threads, notice };
  return createBackend(spec, context);
}
