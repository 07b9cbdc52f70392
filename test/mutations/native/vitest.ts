import { format } from 'node:util';
import { JestAsymmetricMatchers, JestChaiExpect, JestExtend } from '@vitest/expect';
import * as chai from 'chai';

// What the suites need of vitest, for running them many times in one process: they are collected once, and every test is
// a function. Nothing ends: what `afterAll` would free is used again for the next mutant.

type Body = (...values: never[]) => unknown;

export interface Test {
  readonly title: string;
  readonly run: () => Promise<void>;
}

interface Scope {
  readonly title: string;
  readonly before: Body[];
  readonly beforeEach: Body[];
  readonly afterEach: Body[];
}

let tests: Test[] = [];
let scopes: Scope[] = [];

const newScope = (title: string): Scope => ({ title, before: [], beforeEach: [], afterEach: [] });

/** The tests of a suite's file. */
export async function collect(file: string): Promise<Test[]> {
  tests = [];
  scopes = [newScope('')];
  await import(file);
  return tests;
}

/** Once for each test list: a hook of a describe block that prepares what its tests share. */
async function prepare(scope: Scope): Promise<void> {
  for (const hook of scope.before.splice(0)) await (hook as () => unknown)();
}

function add(title: string, body: () => unknown): void {
  const path = [...scopes];
  const run = async () => {
    for (const scope of path) await prepare(scope);
    try {
      for (const hook of path.flatMap((scope) => scope.beforeEach)) await (hook as () => unknown)();
      await body();
    } finally {
      for (const hook of path.flatMap((scope) => scope.afterEach)) await (hook as () => unknown)();
    }
  };
  tests.push({ title: [...path.map((scope) => scope.title).filter(Boolean), title].join(' > '), run });
}

function enter(title: string, body: () => unknown): void {
  scopes.push(newScope(title));
  body();
  scopes.pop();
}

function titled(title: string, row: unknown): string {
  const value = (path: string): unknown =>
    path.split('.').reduce<unknown>((of, key) => (of as Record<string, unknown>)[key], row);
  const named = title.replace(/\$(\w+(?:\.\w+)*)/g, (_, path: string) => String(value(path)));
  const places = named.match(/%[sidfjo]/g)?.length ?? 0;
  return places ? format(named, ...[row].flat().slice(0, places)) : named;
}

/** `each` of vitest: rows that are lists are the body's values. */
const each =
  (define: (title: string, body: () => unknown) => void) =>
  (rows: readonly unknown[]) =>
  (title: string, body: Body) => {
    for (const row of rows) {
      const values = (Array.isArray(row) ? row : [row]) as never[];
      define(titled(title, row), () => body(...values));
    }
  };

type Define = (title: string, body: () => unknown) => void;
const skip: Define = () => {};
const withVariants = (define: Define) =>
  Object.assign((title: string, body: () => unknown) => define(title, body), {
    each: each(define),
    skip,
    skipIf: (isSkipped: unknown) => (isSkipped ? skip : define),
    runIf: (isRun: unknown) => (isRun ? define : skip),
  });

export const it = withVariants(add);
export const test = it;
export const describe = withVariants(enter);
export const beforeAll = (hook: Body): void => void scopes.at(-1)!.before.push(hook);
export const beforeEach = (hook: Body): void => void scopes.at(-1)!.beforeEach.push(hook);
export const afterEach = (hook: Body): void => void scopes.at(-1)!.afterEach.push(hook);
export const afterAll = (): void => {};

chai.use(JestExtend);
chai.use(JestChaiExpect);
chai.use(JestAsymmetricMatchers);
export const expect = chai.expect;

const stubbed = new Map<string, string | undefined>();
export const vi = {
  stubEnv(name: string, value: string): void {
    if (!stubbed.has(name)) stubbed.set(name, process.env[name]);
    process.env[name] = value;
  },
  unstubAllEnvs(): void {
    for (const [name, value] of stubbed)
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    stubbed.clear();
  },
};
