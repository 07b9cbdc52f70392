import type { Backend } from '../core/backend.ts';
import type { BackendScope, Made, Scope, Spec } from './component.ts';
import { type Place, RecipeError } from './errors.ts';
import { RecipeReader } from './reader.ts';
import type { Registry } from './registry.ts';
import { optionPlace, toTree } from './tree.ts';

/** Makes an optimiser or a schedule. @throws RecipeError with what its factory finds wrong. */
export function createPart<K extends 'optimizer' | 'schedule'>(spec: Spec<K>): Made[K] {
  return spec.component.create(spec.options, scopeOf(spec) as never);
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
  let backend = spec.component.create(spec.options, scope(spec));
  for (const decorator of decorators)
    backend = decorator.component.create(decorator.options, scope(decorator))(backend);
  return backend;
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
