import type { Traffic } from '../core/traffic.ts';
import type { MachineLimits, MemoryLevel } from './machine-limits.ts';

/** What one call has to do. */
export interface Work {
  readonly flops: number;
  /** Measured against the limit of int8 arithmetic. */
  readonly integer: boolean;
  readonly traffic: Traffic;
}

/** The limit that no call can be faster than, and how long a call takes at that limit. */
export interface Bound {
  /** `float32`, `int8`, or a memory level: `L2`, `DRAM`. */
  readonly limit: string;
  readonly seconds: number;
}

/**
 * The slower of arithmetic and memory, each at the machine's limit (Williams, Waterman and Patterson 2009: "Roofline").
 * Memory is the nearest level that holds all tensors of the call; a call that writes is held against the triad there.
 * Each byte counts once, even where it is read and written: both ways can be used at the same time.
 */
export function boundOf({ flops, integer, traffic }: Work, limits: MachineLimits): Bound {
  const arithmetic = integer
    ? { limit: 'int8', seconds: flops / limits.integerOps }
    : { limit: 'float32', seconds: flops / limits.floatOps };
  const level = levelOf(traffic.footprint, limits);
  const speed = traffic.written > 0 ? level.triad : level.read;
  const memory = { limit: level.name, seconds: traffic.footprint / speed };
  return memory.seconds > arithmetic.seconds ? memory : arithmetic;
}

function levelOf(footprint: number, { memory, threads }: MachineLimits): MemoryLevel {
  return memory.find(({ capacity }) => capacity === null || footprint / threads <= capacity)!;
}
