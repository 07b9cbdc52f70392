import type { Precision } from './compute.ts';
import type { KernelClock } from './kernel-times.ts';
import type { Kernels, OpName } from './kernels.ts';
import type { Real } from './tensor.ts';
import type { LayerWatch } from './watch.ts';

/**
 * Kernels and the memory they work on. Two backends live side by side in one process; nothing about them is global.
 */
export interface Backend {
  /** What ran, as reports show it: `native:avx512`, `reference:f64`, `checked(native:avx2)`. */
  readonly name: string;
  readonly real: Real;
  readonly threads: number;
  /** Complete: whatever the backend does not own is composed of other kernels (`completeKernels`). */
  readonly kernels: Kernels;
  /** The kernels written for this backend; the rest are composed. */
  readonly own: ReadonlySet<OpName>;
  /** Precisions whose products are faster here than float32 ones. All others are computed too, by way of float32. */
  readonly accelerates: ReadonlySet<Precision>;
  /** Bytes of the private layout that `packTernary` makes of codes [rows x cols]; 0 where there is none. */
  packedTernaryBytes(rows: number, cols: number): number;
  /** Bytes that kernels hold to work in, beside their arguments; absent where that is negligible. */
  workingBytes?(): number;
  /**
   * Bytes that kernels need to work in for the calls that `calls` makes. It gets a backend like this one whose kernels check
   * their arguments and compute nothing; memory that nobody writes takes no place. Absent where `workingBytes` is.
   */
  rehearse?(calls: (backend: Backend) => void): number;
  /** Zeroed memory whose first byte lies on a 64-byte boundary where the backend cares. */
  allocate(bytes: number): Uint8Array;
  /** Its kernels follow the type of the tensors they are given, whatever `real` is. */
  readonly anyReal?: true;
  /** Absent where every kernel runs when it is called. */
  readonly defer?: Defer;
  /** For a backend that looks on: what it looked at and found, in sentences; `checked` and `diff` have one each. */
  readonly findings?: () => readonly string[];
  /** For a backend that times its calls; decorators around it keep the clock. */
  readonly clock?: KernelClock;
  /** For a backend that wants to know which layer calls: see `LayerWatch`. */
  readonly watch?: LayerWatch;
  /** Quick looks at memory, for decorators that check; loops in JavaScript serve where there are none. */
  readonly inspector?: Inspector;
  /** Frees what the backend holds outside the JavaScript heap. Calling a kernel afterwards is an error. */
  dispose(): void;
}

/**
 * A deferred region: the kernel calls that `calls` makes are recorded and run when it returns, or before a call that cannot
 * be deferred, with the same results to the bit as one by one. Calls that are independent by row run tile by tile, so that a
 * row is still in its core's caches when the next call reads it. Until then tensors keep their old contents: `calls` must
 * touch them through kernels alone. Tensors that are `transient` may never be written at all. A region inside another one
 * ends with the outer one.
 *
 * `onTimes` gets the seconds that each call made inside took; 0 for calls that cannot be deferred, and for those that had to
 * run before one of these.
 */
export type Defer = (calls: () => void, onTimes?: (seconds: Float64Array) => void) => void;

/** Looks at memory and changes none. */
export interface Inspector {
  /** A checksum of an array's bytes. */
  digest(array: ArrayBufferView): number;
  /** Index of the first NaN or infinity, else -1. */
  findNonFinite(array: Float32Array): number;
}

/** Wraps a backend in another: checking, comparing, timing. The name shows the nesting. */
export type Decorator = (inner: Backend) => Backend;
