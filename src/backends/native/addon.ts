import type { OpName } from '../../core/kernels.ts';

/** One native kernel: every tensor as data (or null), rows, columns; every other argument as it is. */
export type NativeCall = (...values: unknown[]) => number | undefined;

/**
 * Loops that do one thing only, for what a machine can do at best: float32 multiply-adds, dot products of bf16 pairs, of
 * int8 and of ternary bit planes, reading memory, `a = b + s * c` on thirds of it, and waking all threads.
 */
export type LimitName = 'fma' | 'bf16' | 'dot' | 'popcount' | 'read' | 'triad' | 'fork';

/**
 * What one run of such a loop took, and what all threads did in it together: operations, bytes or forks. No work where
 * the instruction set has no instructions for it.
 */
export interface LimitSample {
  readonly seconds: number;
  readonly work: number;
}

/** Kernels of one instruction set and the memory they work in (`native/src/binding.cpp`). */
export interface Engine extends Readonly<Record<OpName, NativeCall>> {
  readonly isa: string;
  /** Extensions of the instruction set that replace some of its kernels: `vnni`. */
  readonly features: readonly string[];
  readonly threads: number;
  /** From here to `close`, kernel calls wait where they can; their arrays must stay alive. */
  open(): void;
  /**
   * Runs the calls that wait, with the same results as one by one, but for what they leave in the arrays of `transient`,
   * which is nothing certain. `seconds`, with a place for each call since `open`, gets the time of those that waited, and 0
   * for the others.
   */
  close(transient: readonly ArrayBufferView[], seconds: Float64Array | null): void;
  /** `close` without running them. */
  discard(): void;
  /** From here on calls are checked and take the memory that they work in, but compute nothing. */
  rehearse(): void;
  /** Bytes that calls have needed to work in so far, which the engine keeps. */
  workingBytes(): number;
  packedTernaryBytes(rows: number, cols: number): number;
  measureLimit(limit: LimitName, rounds: number, memory: Float32Array): LimitSample;
  /** A checksum of an array's bytes. */
  digest(array: ArrayBufferView): number;
  /** Index of the first NaN or infinity, else -1. */
  findNonFinite(array: Float32Array): number;
  dispose(): void;
}

export interface EngineOptions {
  /** `scalar`, `avx2`, `avx512`, `neon`; the best this machine supports when absent. */
  readonly isa?: string;
  /** Exactly these extensions; all that this machine supports when absent. */
  readonly features?: readonly string[];
  readonly threads?: number;
}

/** An instruction set of this architecture on this machine. */
export interface IsaSupport {
  readonly isa: string;
  /** The machine has what it needs, and it was built. */
  readonly supported: boolean;
  /** CPU features that it needs and the machine lacks. */
  readonly missing: readonly string[];
  /** Its extensions that the machine has. */
  readonly features: readonly string[];
  /** The ops with a kernel compiled for it, all of them in a sound build; any other runs the scalar kernel. */
  readonly own: readonly OpName[];
  /** For each of its extensions in the build, whether the machine has it or not: the ops whose kernel it replaces. */
  readonly replaced: Readonly<Record<string, readonly OpName[]>>;
  /** Rows and columns of the output tile of float products; 0 where it was not built. */
  readonly tile: { readonly rows: number; readonly cols: number };
  /** Its own name and those of its extensions that the build was made without. */
  readonly notBuilt: readonly string[];
}

/** What `flashlm.node` exports. */
export interface Addon {
  readonly Engine: new (options?: EngineOptions) => Engine;
  supported(): IsaSupport[];
  /** By how many bytes an array's first byte lies past a 64-byte boundary. */
  misalignment(array: Uint8Array): number;
  /** `opTableSignature()` of the op table it was generated from. */
  readonly signature: string;
}
