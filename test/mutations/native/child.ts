// A process that runs the suites on the mutation build. The parent sends which mutant, and which suites or which one test.
import { loadAddon } from '../../../src/backends/native/load.ts';
import { collect, type Test } from './vitest.ts';

export interface Order {
  readonly mutant: number;
  readonly suites: readonly string[];
  /** Of the first suite: this one alone. */
  readonly test?: string | undefined;
}
export type Report =
  | { readonly at: string; readonly test: string }
  | { readonly failed: string; readonly test: string; readonly error: string; readonly isSound: boolean }
  | { readonly passed: true };

const addon = loadAddon().addon as unknown as { setMutant?(number: number): void } | undefined;
if (!addon?.setMutant) throw new Error(`no mutation build: ${loadAddon().reasons.join('; ')}`);

function choose(mutant: number): void {
  addon!.setMutant!(mutant);
  // For processes and threads that a suite starts.
  process.env.FLASHLM_MUTANT = String(mutant);
}

const collected = new Map<string, Test[]>();
async function testsOf(suite: string): Promise<Test[]> {
  const known =
    collected.get(suite) ?? (await collect(new URL(`../../${suite}.test.ts`, import.meta.url).href));
  collected.set(suite, known);
  return known;
}

const say = (report: Report): void => void process.send!(report);

async function fails(test: Test): Promise<string | null> {
  try {
    await test.run();
    return null;
  } catch (error) {
    return String(error instanceof Error ? error.message : error).slice(0, 500);
  }
}

async function run({ mutant, suites, test: only }: Order): Promise<Report> {
  for (const suite of suites) {
    choose(0);
    const tests = await testsOf(suite);
    for (const test of tests) {
      if (only !== undefined && test.title !== only) continue;
      say({ at: suite, test: test.title });
      choose(mutant);
      const error = await fails(test);
      choose(0);
      if (error === null) continue;
      // What fails without the mutant too tells nothing about it: a fault before it may have damaged this process.
      const isSound = (await fails(test)) === null;
      return { failed: suite, test: test.title, error, isSound };
    }
  }
  return { passed: true };
}

process.on('message', (order: Order) => void run(order).then(say));
