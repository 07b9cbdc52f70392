import type { Backend } from '../core/backend.ts';
import type { BackendScope, Made, Scope, Spec } from '../core/component.ts';
import { FlashError } from '../core/errors.ts';
import type { Optimizer } from '../core/optimizer.ts';
import type { Place } from '../core/recipe-tree.ts';
import type { Schedule } from '../core/schedule.ts';
import { isBuiltin } from './builtins.ts';
import { RecipeError } from './errors.ts';
import { nameFailures, nameKernelFailures } from './part-failure.ts';
import { RecipeReader } from './reader.ts';
import type { Registry } from './registry.ts';
import { optionPlace, toTree } from './tree.ts';

/**
 * Makes a schedule; what its methods throw later is named too.
 * @throws RecipeError with what its factory finds wrong, or for what it threw.
 */
export function createSchedule(spec: Spec<'schedule'>): Schedule {
  return nameFailures(
    attempt(spec, () => spec.component.create(spec.options, { ...scopeOf(spec), build: createSchedule })),
    nameOf(spec),
  );
}

/**
 * Makes an optimiser; what it and its plans throw later is named too.
 * @throws RecipeError with what its factory finds wrong, or for what it threw.
 */
export function createOptimizer(spec: Spec<'optimizer'>): Optimizer {
  const made = attempt(spec, () => {
    const optimizer = spec.component.create(spec.options, { ...scopeOf(spec), build: createOptimizer });
    if (typeof optimizer?.plan !== 'function') throw new Error("create gave no optimizer: 'plan' is missing");
    return optimizer;
  });
  const named = nameFailures(made, nameOf(spec));
  const plan: Optimizer['plan'] = (...args) => nameFailures(named.plan(...args), nameOf(spec));
  return { type: made.type, lr: made.lr, plan };
}

/**
 * Makes a plugin's source of documents, or a hook; what its methods throw later is named too.
 * @throws RecipeError with what its factory finds wrong, or for what it threw.
 */
export function createPart<K extends 'source' | 'hook'>(spec: Spec<K>): Made[K] {
  const part = attempt(spec, () => {
    const made = spec.component.create(spec.options, scopeOf(spec) as never) as Made[K] | null | undefined;
    if (typeof made !== 'object' || made === null) throw new Error(`create gave no ${spec.component.kind}`);
    return made;
  });
  return nameFailures(part, nameOf(spec));
}

export type BackendContext = Pick<BackendScope, 'threads' | 'notice'>;

/**
 * Makes a backend and wraps it in its decorators.
 * @throws FlashError for a backend that this machine can't run; only `native` without an instruction set falls back.
 */
export function createBackend(spec: Spec<'backend'>, context: BackendContext): Backend {
  const scope = (of: Spec): BackendScope => ({
    ...context,
    ...scopeOf(of),
    build: (inner) => createBackend(inner, context),
  });
  const decorators = spec.common.wrap as readonly Spec<'decorator'>[];
  let backend = made(spec, undefined, () => spec.component.create(spec.options, scope(spec)));
  for (const decorator of decorators) {
    const inner = backend;
    const create = () => decorator.component.create(decorator.options, scope(decorator))(inner);
    backend = made(decorator, inner, create);
  }
  return backend;
}

/** The backend that a part of a recipe makes of `inner`. Those of the package are left as quick as they are. */
function made(spec: Spec, inner: Backend | undefined, create: () => Backend): Backend {
  const backend = attempt(spec, create);
  return isBuiltin(spec.component) ? backend : nameKernelFailures(backend, nameOf(spec), inner);
}

/** `optimizer 'lion'` */
const nameOf = ({ component: { kind, type } }: Spec): string => `${kind} '${type}'`;

/** @throws RecipeError at the part's place for what a factory threw that is not an error for people. */
function attempt<T>(spec: Spec, create: () => T): T {
  try {
    return create();
  } catch (error) {
    if (error instanceof FlashError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new RecipeError(
      [{ place: spec.place, message: `making ${nameOf(spec)} failed: ${message}` }],
      error,
    );
  }
}

/** The backend that a command line names: `native:avx2`, `reference:f64`, `checked(native)`. @throws RecipeError */
export function parseBackend(text: string, registry: Registry, flag = '--backend'): Spec<'backend'> {
  const place: Place = { text: `${flag} ${text}`, source: '', dir: process.cwd(), line: 0, column: 0 };
  const reader = new RecipeReader(registry);
  const spec = reader.readComponent('backend', toTree(text, place));
  reader.finish();
  return spec!;
}

function scopeOf(spec: Spec): Scope {
  return {
    fail: (message, option) => {
      const place = option === undefined ? spec.place : optionPlace(spec.written, option);
      throw new RecipeError([{ place, message }]);
    },
  };
}
