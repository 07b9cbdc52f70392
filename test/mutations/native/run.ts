import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { nativeStatus } from '../../../src/backends/native/index.ts';
import { buildMutants } from './build.ts';
import type { NativeMutant } from './mutant.ts';
import { NATIVE_MUTANTS } from './mutants/index.ts';
import { MutantProcess, type Verdict } from './processes.ts';
import { SUITES } from './suites.ts';

/** What finds a mutant: the first test of the suites that fails. */
export interface Catcher {
  readonly suite: string;
  readonly test: string;
}
/** By the mutant's id. */
export type Catchers = Readonly<Record<string, Catcher>>;

/** One record for each mutated file: `kernels/adamw.inl` -> `caught/kernels/adamw.inl.json`. */
const recordOf = (file: string): string => fileURLToPath(new URL(`caught/${file}.json`, import.meta.url));
const mutatedFiles = (): string[] => [...new Set(NATIVE_MUTANTS.map(({ file }) => file))];

/** What found each mutant when `npm run mutations` ran last. */
export function recordedCatchers(): Catchers {
  const records = mutatedFiles().map(recordOf).filter(existsSync);
  return Object.assign({}, ...records.map((record) => JSON.parse(readFileSync(record, 'utf8')) as Catchers));
}

export function recordCatchers(catchers: Catchers): void {
  for (const file of mutatedFiles()) {
    const ids = NATIVE_MUTANTS.filter((mutant) => mutant.file === file).map(({ id }) => id);
    const own = Object.fromEntries(ids.flatMap((id) => (catchers[id] ? [[id, catchers[id]]] : [])));
    mkdirSync(path.dirname(recordOf(file)), { recursive: true });
    writeFileSync(recordOf(file), `${JSON.stringify(own, null, 2)}\n`);
  }
}

/** The instruction set whose wrapper a mutant is in, if it is in one. */
const isaOf = ({ file }: NativeMutant): string | undefined => /^simd\/(\w+)\.h$/.exec(file)?.[1];

export interface Found {
  readonly catchers: Catchers;
  /** Mutants that no suite finds. */
  readonly missed: readonly string[];
}

/**
 * Builds and runs every mutant that `isWanted`, and whose instruction set this machine has, first against the test that
 * found it before. Throws when a test that finds one fails without a mutant too.
 */
export async function runNativeMutants(
  say: (line: string) => void,
  isWanted: (id: string) => boolean,
): Promise<Found> {
  say(`native mutants: compiled ${await buildMutants(NATIVE_MUTANTS)} files`);
  const before = recordedCatchers();
  const catchers: Record<string, Catcher> = {};
  const missed: string[] = [];
  const isas = nativeStatus().isas.flatMap(({ isa, supported }) => (supported ? [isa] : []));
  const mutants = new MutantProcess();
  try {
    for (const [i, mutant] of NATIVE_MUTANTS.entries()) {
      const { id, corrupts, onLoad, equivalent } = mutant;
      if (equivalent || !isWanted(id) || !isas.includes(isaOf(mutant) ?? 'scalar')) continue;
      const isLasting = Boolean(corrupts ?? onLoad);
      if (isLasting) mutants.start(onLoad ? i + 1 : 0);
      const known = before[id];
      let verdict: Verdict | null = null;
      const order = { mutant: i + 1, isLasting };
      if (known) verdict = await mutants.run({ ...order, suites: [known.suite], test: known.test });
      verdict ??= await mutants.run({ ...order, suites: SUITES });
      if (isLasting) mutants.stop();
      say(
        `${id}: ${verdict ? `${verdict.suite}: ${verdict.test}: ${verdict.error.split('\n')[0]}` : 'NOTHING'}`,
      );
      if (verdict) catchers[id] = { suite: verdict.suite, test: verdict.test };
      else missed.push(id);
    }
    return { catchers, missed };
  } finally {
    mutants.stop();
  }
}
