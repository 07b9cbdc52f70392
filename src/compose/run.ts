import 'reflect-metadata';
import { container, inject, injectable, Lifecycle } from 'tsyringe';
import type { Backend } from '../core/backend.ts';
import type { Spec } from '../core/component.ts';
import { memoryOf } from '../core/memory.ts';
import type { Optimizer, OptimizerPlan } from '../core/optimizer.ts';
import type { Schedule } from '../core/schedule.ts';
import { buildModel, layersOf } from '../recipes/build-model.ts';
import { createBackend, createOptimizer, createSchedule, parseBackend } from '../recipes/create.ts';
import type { Recipe } from '../recipes/load.ts';
import { isBound, Model } from '../runtime/model.ts';
import { describeModel } from './describe.ts';

export interface Overrides {
  /** Another backend than the recipe's: `native:avx2`, `reference:f64`. */
  readonly backend?: string;
}

/** What a run is made from. */
class RunRecipe {
  constructor(
    readonly recipe: Recipe,
    readonly backend: Spec<'backend'>,
  ) {}
}

@injectable()
export class RunBackend {
  readonly backend: Backend;
  /** What the person should be told: the backend that runs is not the one that was asked for. */
  readonly notices: readonly string[];

  constructor(@inject(RunRecipe) { recipe, backend }: RunRecipe) {
    const { threads } = recipe.train;
    const notices: string[] = [];
    this.notices = notices;
    this.backend = createBackend(backend, {
      threads: threads === 'auto' ? undefined : threads,
      notice: (text) => void notices.push(text),
    });
  }
}

@injectable()
class RunModel {
  readonly model: Model;

  constructor(@inject(RunRecipe) { recipe }: RunRecipe, @inject(RunBackend) { backend }: RunBackend) {
    try {
      this.model = composeModel(recipe, backend);
    } catch (error) {
      backend.dispose();
      throw error;
    }
  }
}

/** A recipe's model on a backend, with first values from the recipe's seed: enough to evaluate and to write. */
@injectable()
export class ComposedRun {
  readonly recipe: Recipe;
  readonly backend: Backend;
  readonly notices: readonly string[];
  readonly model: Model;
  private isDisposed = false;

  constructor(
    @inject(RunRecipe) { recipe }: RunRecipe,
    @inject(RunBackend) { backend, notices }: RunBackend,
    @inject(RunModel) { model }: RunModel,
  ) {
    this.recipe = recipe;
    this.backend = backend;
    this.notices = notices;
    this.model = model;
  }

  get registry(): Recipe['registry'] {
    return this.recipe.registry;
  }

  dispose(): void {
    if (this.isDisposed) return;
    this.isDisposed = true;
    this.model.release();
    this.backend.dispose();
  }
}

/** All that training takes beside the data. */
@injectable()
export class ComposedTraining extends ComposedRun {
  readonly optimizer: Optimizer;
  readonly optimizerPlan: OptimizerPlan;
  readonly schedule: Schedule;
  readonly decaySchedule: Schedule;

  constructor(
    @inject(RunRecipe) run: RunRecipe,
    @inject(RunBackend) backend: RunBackend,
    @inject(RunModel) model: RunModel,
  ) {
    super(run, backend, model);
    this.optimizer = createOptimizer(run.recipe.optimizer);
    this.optimizerPlan = this.optimizer.plan(this.model.store.all, memoryOf(this.backend));
    this.schedule = createSchedule(run.recipe.schedule);
    this.decaySchedule = createSchedule(run.recipe.weight_decay_schedule);
  }
}

/**
 * The composition root: a container for one run, built from its recipe. Two runs have nothing in common, so they may use
 * different backends side by side. Call `dispose` when the run is over.
 * @throws RecipeError for a backend name in `overrides` that means nothing; FlashError for a backend that is not there, and
 * for a model that does not fit the memory.
 */
export function composeRun(recipe: Recipe, overrides: Overrides = {}): ComposedRun {
  return containerOf(recipe, overrides).resolve(ComposedRun);
}

/** A recipe's backend by itself, and what the person should be told of it. */
export function composeBackend(recipe: Recipe, overrides: Overrides = {}): RunBackend {
  return containerOf(recipe, overrides).resolve(RunBackend);
}

/** `composeRun` with the optimiser's memory. */
export function composeTraining(recipe: Recipe, overrides: Overrides = {}): ComposedTraining {
  return containerOf(recipe, overrides).resolve(ComposedTraining);
}

function containerOf(recipe: Recipe, { backend }: Overrides) {
  const spec = backend === undefined ? recipe.backend : parseBackend(backend, recipe.registry);
  return container
    .createChildContainer()
    .register(RunRecipe, { useValue: new RunRecipe(recipe, spec) })
    .register(RunBackend, RunBackend, { lifecycle: Lifecycle.ContainerScoped })
    .register(RunModel, RunModel, { lifecycle: Lifecycle.ContainerScoped });
}

/**
 * A recipe's model on a backend, with first values from the recipe's seed, of the layers that loading the recipe built;
 * where another model still has these (two backends are compared), of new layers.
 * @throws FlashError for a model that does not fit the memory, before any of it is allocated.
 */
export function composeModel(recipe: Recipe, backend: Backend): Model {
  describeModel(recipe, backend, 'near the limit');
  const parts = layersOf(recipe);
  const free = isBound(parts) ? buildModel(recipe.model, { seqLen: recipe.data.seq_len }) : parts;
  const model = new Model(backend, free);
  model.store.initialize(recipe.train.seed);
  return model;
}
