import type { OpName } from './kernels.ts';

/** Calls and what they took since the clock was last read. */
export interface KernelTime {
  readonly calls: number;
  readonly seconds: number;
  /** Arithmetic, as the op table counts it. */
  readonly flops: number;
  /** Minimum bytes that the calls move: every argument is read or written once. */
  readonly bytes: number;
}

export interface OpTime extends KernelTime {
  readonly op: OpName;
}

export interface LayerTime extends KernelTime {
  /** Path of the layer; null for calls outside all layers, as in the optimiser. */
  readonly layer: string | null;
}

/** Adds up what kernel calls take. */
export interface KernelClock {
  /** What was added up since the last call of this method, the longest first. */
  take(): { readonly ops: readonly OpTime[]; readonly layers: readonly LayerTime[] };
}
