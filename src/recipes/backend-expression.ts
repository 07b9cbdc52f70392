import type { Spec } from '../core/component.ts';
import type { MapTree, Place, Tree } from '../core/recipe-tree.ts';
import type { Registry } from './registry.ts';
import { toTree } from './tree.ts';

const MAX_NESTING = 16;

/**
 * A backend written in one word, as the map that it means: `native:avx2` is `{ type: native, isa: avx2 }` (the
 * component's main option), `checked(native)` wraps a backend in a decorator, whose main option can follow a comma. Mistakes are reported; undefined then.
 */
export function backendTree(
  text: string,
  place: Place,
  registry: Registry,
  report: (place: Place, message: string) => void,
): Tree | undefined {
  const tokens = text.match(/[A-Za-z0-9_+:.-]+|[(),]|\S/g) ?? [];
  let next = 0;
  const wrong = (what: string): undefined => {
    report(place, `the backend '${text.slice(0, 60)}' is not well formed: ${what}`);
  };

  const expression = (depth: number): MapTree | undefined => {
    const name = tokens[next++];
    if (depth > MAX_NESTING) return wrong('too many brackets');
    if (name === undefined || !/^[\w+:.-]+$/.test(name))
      return wrong(`a name is missing before '${name ?? 'the end'}'`);
    if (tokens[next] !== '(') return plain(name);
    next++;
    const inner = expression(depth + 1);
    if (!inner) return undefined;
    let argument: Tree | undefined;
    if (tokens[next] === ',') {
      next++;
      // A word alone is a backend or any other text: what the decorator's option takes.
      const isWord = tokens[next + 1] === ')' && /^[\w+:.-]+$/.test(tokens[next] ?? '');
      argument = isWord ? toTree(tokens[next++], place) : expression(depth + 1);
      if (!argument) return undefined;
    }
    if (tokens[next++] !== ')') return wrong("')' is missing");
    return wrapped(inner, name, argument);
  };

  /** `native:avx2`. */
  const plain = (name: string): MapTree | undefined => {
    const [type = '', ...rest] = name.split(':');
    const component = registry.get('backend', type);
    if (rest.length > 0 && component && !component.main) return wrong(`${type} takes nothing after a colon`);
    const option = rest.length > 0 && component?.main ? { [component.main]: rest.join(':') } : {};
    return toTree({ type, ...option }, place) as MapTree;
  };

  const wrapped = (inner: MapTree, type: string, argument: Tree | undefined): MapTree | undefined => {
    const main = registry.get('decorator', type)?.main;
    const known = registry.get('decorator', type) !== undefined;
    if (argument && known && main === undefined) return wrong(`${type} takes one backend`);
    const decorator = toTree({ type }, place) as MapTree;
    const entries = new Map(decorator.entries);
    if (argument && main !== undefined) entries.set(main, { place, value: argument });
    const before = inner.entries.get('wrap')?.value;
    const items = [...(before?.kind === 'list' ? before.items : []), { ...decorator, entries }];
    const wrap = { place, value: { kind: 'list', place, items } as const };
    return { ...inner, entries: new Map([...inner.entries, ['wrap', wrap]]) };
  };

  const tree = expression(0);
  if (tree && next < tokens.length) return wrong(`'${tokens[next]}' comes after its end`);
  return tree;
}

/** A backend in one word, as far as its main options say it: what `backendTree` undoes. */
export function backendText({ component, options, common }: Spec): string {
  const { type, main } = component;
  const value = main === undefined ? undefined : (options as Readonly<Record<string, unknown>>)[main];
  const plain = value === undefined || value === 'auto' ? type : `${type}:${value}`;
  const wrap = (common.wrap ?? []) as readonly Spec<'decorator'>[];
  return wrap.reduce((inner, decorator) => {
    const { main } = decorator.component;
    const argument =
      main === undefined ? undefined : (decorator.options as Readonly<Record<string, Spec | string>>)[main];
    const written = argument && typeof argument === 'object' ? backendText(argument) : argument;
    return `${decorator.component.type}(${inner}${written ? `, ${written}` : ''})`;
  }, plain);
}
