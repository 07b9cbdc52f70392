import type { Component } from '../core/component.ts';
import * as files from './component-files.ts';
import { type Plugin, Registry } from './registry.ts';

const isComponent = (value: unknown): value is Component =>
  typeof value === 'object' && value !== null && 'create' in value && 'schema' in value;

/** Every component that a file of layers, optimisers or backends exports, alone or in a list; in alphabetical order. */
const COMPONENTS = Object.values(files)
  .flatMap((file) => Object.values<unknown>(file))
  .flat()
  .filter(isComponent)
  .sort((a, b) => (a.type < b.type ? -1 : 1));

/** What comes with the package, added in the way of any plugin. */
export const builtins: Plugin = {
  name: 'flashlm',
  register(add) {
    for (const component of COMPONENTS) add(component as never);
  },
};

/** A registry with the built-in components. There is no global one: two runs may use different plugins. */
export function createRegistry(): Registry {
  const registry = new Registry();
  registry.use(builtins);
  return registry;
}

/** Whether a component is one of the package's own, and not a plugin's. */
export const isBuiltin = (component: Component): boolean => COMPONENTS.includes(component);
