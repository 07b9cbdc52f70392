import type fc from 'fast-check';

/** A way into the program for what strangers made. One definition serves the suite and the long runs. */
export interface FuzzTarget<T> {
  readonly name: string;
  /** Inputs that the normal suite tries. */
  readonly runs: number;
  /** Makes what is needed to feed inputs. Everything may be done in the folder `sandbox.inside`, nothing outside it. */
  prepare(sandbox: Sandbox): Feeder<T> | Promise<Feeder<T>>;
}

export interface Feeder<T> {
  /** Plain values and Buffers, so that a counterexample can be pasted into regressions.ts. */
  readonly inputs: fc.Arbitrary<T>;
  /** Hands an input to the real code. Returns when it was taken, throws FlashError when it was refused. */
  feed(input: T): void | Promise<void>;
}

export interface Sandbox {
  /** The only folder that may change; also the working directory. */
  readonly inside: string;
  /** A folder with traps beside it: what is written through a link to it is noticed. */
  readonly outside: string;
  /** A named pipe that nobody writes to. */
  readonly pipe: string;
}

/** What a target demands beside the general invariants. */
export function demand(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(`demanded: ${what}`);
}

/** Forgets the type of the inputs, for lists of targets. */
export const target = <T>(definition: FuzzTarget<T>): FuzzTarget<unknown> =>
  definition as FuzzTarget<unknown>;
