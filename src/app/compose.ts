import 'reflect-metadata';
import { container, inject, injectable, instanceCachingFactory } from 'tsyringe';
import type { Backend } from '../core/backend.ts';
import { memoryOf } from '../core/memory.ts';
import type { Optimizer, OptimizerPlan } from '../core/optimizer.ts';
import type { Schedule } from '../core/schedule.ts';
import { buildModel } from '../recipes/build-model.ts';
import { createBackend, createOptimizer, createSchedule, parseBackend } from '../recipes/create.ts';
import type { Recipe } from '../recipes/load.ts';
import { Model } from '../runtime/model.ts';
import { describeModel } from './describe.ts';
import * as tokens from './tokens.ts';

export interface Overrides {
  /** Another backend than the recipe's: `native:avx2`, `reference:f64`. */
  readonly backend?: string;
}

type Resolve = <T>(token: symbol) => T;

/**
 * The parts of one run, each made when it is first asked for. Two runs have nothing in common, so they may use
 * different backends side by side.
 */
@injectable()
export class ComposedRun {
  constructor(
    @inject(tokens.RECIPE) readonly recipe: Recipe,
    @inject(tokens.NOTICES) private readonly told: readonly string[],
    @inject(tokens.RESOLVE) private readonly resolve: Resolve,
    @inject(tokens.DISPOSE) readonly dispose: () => void,
  ) {}

  get registry(): Recipe['registry'] {
    return this.recipe.registry;
  }

  get backend(): Backend {
    return this.resolve(tokens.BACKEND);
  }

  /** With first values from the recipe's seed. @throws FlashError for a model that does not fit the memory. */
  get model(): Model {
    return this.resolve(tokens.MODEL);
  }

  get optimizer(): Optimizer {
    return this.resolve(tokens.OPTIMIZER);
  }

  get optimizerPlan(): OptimizerPlan {
    return this.resolve(tokens.OPTIMIZER_PLAN);
  }

  get schedule(): Schedule {
    return this.resolve(tokens.SCHEDULE);
  }

  /** What the person should be told: the backend that runs is not the one that was asked for. */
  get notices(): readonly string[] {
    void this.backend;
    return this.told;
  }
}

/**
 * The composition root: a container for one run, built from its recipe. Call `dispose` when the run is over.
 * @throws RecipeError for a backend name in `overrides` that means nothing.
 */
export function composeRun(recipe: Recipe, overrides: Overrides = {}): ComposedRun {
  const backendSpec =
    overrides.backend === undefined ? recipe.backend : parseBackend(overrides.backend, recipe.registry);
  const { threads } = recipe.train;
  const notices: string[] = [];
  const made: Backend[] = [];
  const run = container.createChildContainer();
  const register = <T>(token: symbol, make: () => T) =>
    run.register(token, { useFactory: instanceCachingFactory(make) });

  run.register(tokens.RECIPE, { useValue: recipe });
  run.register(tokens.NOTICES, { useValue: notices });
  run.register(tokens.RESOLVE, { useValue: (token: symbol) => run.resolve(token) });
  run.register(tokens.DISPOSE, {
    useValue: () => {
      for (const backend of made.splice(0)) backend.dispose();
    },
  });
  register(tokens.BACKEND, () => {
    const context = {
      threads: threads === 'auto' ? undefined : threads,
      notice: (text: string) => void notices.push(text),
    };
    const backend = createBackend(backendSpec, context);
    made.push(backend);
    return backend;
  });
  register(tokens.MODEL, () => composeModel(recipe, run.resolve<Backend>(tokens.BACKEND)));
  register(tokens.OPTIMIZER, () => createOptimizer(recipe.optimizer));
  register(tokens.SCHEDULE, () => createSchedule(recipe.schedule));
  register(tokens.OPTIMIZER_PLAN, () => {
    const { backend, store } = run.resolve<Model>(tokens.MODEL);
    return run.resolve<Optimizer>(tokens.OPTIMIZER).plan(store.all, memoryOf(backend));
  });
  return run.resolve(ComposedRun);
}

/**
 * A recipe's model on a backend, with first values from the recipe's seed.
 * @throws FlashError for a model that does not fit the memory, before any of it is allocated.
 */
export function composeModel(recipe: Recipe, backend: Backend): Model {
  describeModel(recipe, backend);
  const model = new Model(backend, buildModel(recipe.model, { seqLen: recipe.data.seq_len }));
  model.store.initialize(recipe.train.seed);
  return model;
}
