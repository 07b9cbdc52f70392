import { GENUINE, type Subject } from './subject.ts';

/** Something that must hold of the project. */
export interface Check {
  readonly name: string;
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

/** The names of the checks that find a mutation. Throws what is no finding but a crash of the mutation. */
export async function caughtBy(mutation: Mutation, checks: readonly Check[]): Promise<string[]> {
  const subject = { ...GENUINE, ...mutation.parts };
  const caught: string[] = [];
  for (const check of checks) {
    if (!check.uses.some((part) => part in mutation.parts)) continue;
    const error = await verdict(check, subject);
    // A mistake in the planted code itself would be caught by everything.
    if (error instanceof TypeError || error instanceof ReferenceError) throw error;
    if (error) caught.push(check.name);
  }
  return caught;
}
