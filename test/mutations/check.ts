import type { OpName } from '../../src/core/kernels.ts';
import { completeKernels } from '../../src/core/ops/fused.ts';
import { wrapKernels } from '../../src/core/ops/wrap-kernels.ts';
import { GENUINE, type Subject } from './subject.ts';

/** Something that must hold of the project. */
export interface Check {
  readonly name: string;
  /** What it looks at, where a check of the same name looks at each of several. */
  readonly of?: string;
  /** What it holds, for the table's readers. */
  readonly holds: string;
  /** The parts it runs: a fault in another cannot change its answer. */
  readonly uses: readonly (keyof Subject)[];
  /** Throws when it finds something wrong. */
  run(subject: Subject): void | Promise<void>;
}

/** A fault somebody could have made. */
export interface Mutation {
  readonly id: string;
  /** One sentence: what is wrong. */
  readonly fault: string;
  /** Where it stands. */
  readonly where: string;
  /** FlashLM, or the system it follows, had it once. */
  readonly historical?: true;
  /** The parts that have the fault. */
  readonly parts: Partial<Subject>;
  /** The fault is in the kernel of this op. */
  readonly op?: OpName;
}

/** What a check says of a subject: the error, or null. */
export async function verdict(check: Check, subject: Subject): Promise<Error | null> {
  try {
    await check.run(subject);
    return null;
  } catch (error) {
    return error as Error;
  }
}

const calledOps = new Map<Check, Promise<ReadonlySet<OpName>>>();

async function runGenuine(check: Check): Promise<ReadonlySet<OpName>> {
  const called = new Set<OpName>();
  const around = (op: OpName, _: readonly unknown[], call: () => unknown): unknown => {
    called.add(op);
    return call();
  };
  const backend: Subject['backend'] = (inner) => {
    // The kernels that a fused one is composed of count too.
    const { headLoss, ...source } = wrapKernels(inner.kernels, around);
    return { ...inner, kernels: wrapKernels(completeKernels(source), around) };
  };
  await check.run({ ...GENUINE, backend });
  return called;
}

/** Runs a check on FlashLM as it is, once: the ops that it calls. Throws when it finds something wrong. */
export function opsOf(check: Check): Promise<ReadonlySet<OpName>> {
  const known = calledOps.get(check) ?? runGenuine(check);
  calledOps.set(check, known);
  return known;
}

/** Whether a check runs what a mutation changes: otherwise its answer is the one it gives FlashLM as it is. */
async function runsIt(check: Check, { parts, op }: Mutation): Promise<boolean> {
  return check.uses.some((part) => part in parts) && (!op || (await opsOf(check)).has(op));
}

/** The names of the checks that find a mutation. Throws what is no finding but a crash of the mutation. */
export async function caughtBy(mutation: Mutation, checks: readonly Check[]): Promise<string[]> {
  const subject = { ...GENUINE, ...mutation.parts };
  const caught = new Set<string>();
  for (const check of checks) {
    if (caught.has(check.name)) continue;
    if (!(await runsIt(check, mutation))) continue;
    const error = await verdict(check, subject);
    // A mistake in the planted code itself would be caught by everything.
    if (error instanceof TypeError || error instanceof ReferenceError) throw error;
    if (error) caught.add(check.name);
  }
  return [...caught];
}
