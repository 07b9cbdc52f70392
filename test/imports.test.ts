import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { importFaults, ROOMS } from './imports.ts';

/** Faults of files that are given as pairs of a path and a text. */
const faultsOf = (...files: [string, string][]): string[] => importFaults(new Map(files));

it('imports in src point one way, form no cycle, and keep core free of node: modules', () => {
  const src = new URL('../src/', import.meta.url);
  const paths = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.ts'),
  );
  expect(paths.length).toBeGreaterThan(100);
  const files = paths.map((path): [string, string] => [
    path.replaceAll('\\', '/'),
    readFileSync(new URL(path, src), 'utf8'),
  ]);
  expect(faultsOf(...files)).toEqual([]);
});

it('the list of rooms lets each room import only rooms that are listed before it', () => {
  const rooms = Object.keys(ROOMS);
  for (const [room, allowed] of Object.entries(ROOMS))
    for (const each of allowed)
      expect(rooms.indexOf(each), `${room} -> ${each}`).toBeLessThan(rooms.indexOf(room));
});

it.each([
  ['an import', `import { a } from '../app/a.ts';`],
  ['a type import', `import type { A } from '../app/a.ts';`],
  ['an import of types among values', `import { type A } from '../app/a.ts';`],
  ['an export', `export { a } from '../app/a.ts';`],
  ['an export of all', `export * from '../app/a.ts';`],
  ['an export of types', `export type { A } from '../app/a.ts';`],
  ['an import for its effects', `import '../app/a.ts';`],
  ['a dynamic import', `const a = await import('../app/a.ts');`],
  ['a dynamic import in a function', `const f = () => import(\`../app/a.ts\`);`],
  ['the type of a module', `let a: import('../app/a.ts').A;`],
  ['the type of a module as a whole', `type A = typeof import('../app/a.ts');`],
  ['a worker', `new Worker(new URL('../app/a.ts', import.meta.url));`],
])('%s from a higher room is named with its file and line', (_, line) => {
  expect(faultsOf(['train/t.ts', `// é 𝄞 import '../cli/x.ts'\n"import '../cli/y.ts'";\n${line}\n`])).toEqual(
    ['src/train/t.ts:3 imports src/app/a.ts, but train may import core, files, runtime, data, optim only.'],
  );
});

it('a node: module in core is named, and one in another room is allowed', () => {
  const text = `import { readFileSync } from 'node:fs';\n`;
  expect(faultsOf(['core/ops/a.ts', text], ['files/a.ts', text])).toEqual([
    'src/core/ops/a.ts:1 imports node:fs, but core must run in a browser: it imports no node: module.',
  ]);
});

it('a room that is not listed may import nothing', () => {
  expect(faultsOf(['attic/a.ts', `import '../core/b.ts';`])).toEqual([
    'src/attic/a.ts:1 imports src/core/b.ts, but test/imports.ts does not know the room attic.',
  ]);
});

it('an import cycle is named once, by the import that closes it', () => {
  const faults = faultsOf(
    ['core/a.ts', `import './b.ts';`],
    ['core/b.ts', `import './ops/c.ts';`],
    ['core/ops/c.ts', `\nimport type { A } from '../a.ts';`],
    ['core/d.ts', `import './a.ts';`],
  );
  expect(faults).toEqual([
    'src/core/ops/c.ts:2 closes a cycle: core/a.ts -> core/b.ts -> core/ops/c.ts -> core/a.ts.',
  ]);
});

it('a file that does not parse is an error with its place, not one without imports', () => {
  expect(() => faultsOf(['core/a.ts', `let a = 1;\nimport { b from './b.ts';`])).toThrow(/core\/a\.ts:2:12/);
});
