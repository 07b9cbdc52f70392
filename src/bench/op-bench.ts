import type { Backend } from '../core/backend.ts';
import type { Precision } from '../core/compute.ts';
import type { OpName } from '../core/kernels.ts';
import { precisionArg } from '../core/ops/calls.ts';
import { OPS } from '../core/ops/table.ts';
import { type Traffic, trafficOf } from '../core/ops/traffic.ts';
import type { MachineLimits, MemoryLevel } from './machine-limits.ts';
import { burst, type Summary, summarize, type Task } from './measurement.ts';
import { OpArguments } from './op-arguments.ts';
import type { OpCase } from './op-case.ts';

/** What an op computes with, hence the limit that it is held against. */
export type Arithmetic = 'float32' | 'bf16' | 'int8' | 'ternary';

/** What one call has to do. */
export interface Work {
  readonly flops: number;
  readonly arithmetic: Arithmetic;
  readonly traffic: Traffic;
}

/** The limit that no call can be faster than, and how long a call takes at that limit. */
export interface Bound {
  /** The arithmetic, or a memory level: `L2`, `DRAM`. */
  readonly limit: string;
  readonly seconds: number;
}

const PRECISION_ARITHMETIC: Readonly<Record<Precision, Arithmetic>> = {
  f32: 'float32',
  bf16: 'bf16',
  int8: 'int8',
};

/** Whether an op's choice is the one of precision, not a quantiser's rule. */
export const choosesPrecision = (op: OpName): boolean => precisionArg(op) >= 0;

/** What an op computes with where all of it is available: its choice says so, or the codes that it is given. */
export function arithmeticOf({ op, choice, codes }: Pick<OpCase, 'op' | 'choice' | 'codes'>): Arithmetic {
  if (OPS[op].integer) return codes === 'ternary' ? 'ternary' : 'int8';
  return choosesPrecision(op) ? PRECISION_ARITHMETIC[choice as Precision] : 'float32';
}

/** The same on a machine: where an instruction set cannot count bits or multiply bf16, it takes the next best. */
export function arithmeticOn(wanted: Arithmetic, limits: MachineLimits): Arithmetic {
  if (wanted === 'ternary' && limits.ternaryOps === null) return 'int8';
  if (wanted === 'bf16' && limits.bf16Ops === null) return 'float32';
  return wanted;
}

/** Operations per second of what `arithmeticOn` gives. */
export function rateOf(arithmetic: Arithmetic, limits: MachineLimits): number {
  const { floatOps, bf16Ops, integerOps, ternaryOps } = limits;
  return { float32: floatOps, bf16: bf16Ops, int8: integerOps, ternary: ternaryOps }[arithmetic]!;
}

/**
 * The slower of arithmetic and memory, each at the machine's limit (Williams, Waterman and Patterson 2009: "Roofline").
 * Memory is the nearest level that holds all tensors of the call; a call that writes is held against the triad there.
 * Each byte counts once, even where it is read and written: both ways can be used at the same time.
 */
export function boundOf(work: Work, limits: MachineLimits): Bound {
  const { flops, traffic } = work;
  const limit = arithmeticOn(work.arithmetic, limits);
  const arithmetic = { limit, seconds: flops / rateOf(limit, limits) };
  const level = levelOf(traffic.footprint, limits);
  const speed = traffic.written > 0 ? level.triad : level.read;
  const memory = { limit: level.name, seconds: traffic.footprint / speed };
  return memory.seconds > arithmetic.seconds ? memory : arithmetic;
}

/** The nearest memory that holds so many bytes of all threads together. */
export function levelOf(footprint: number, { memory, threads }: MachineLimits): MemoryLevel {
  return memory.find(({ capacity }) => capacity === null || footprint / threads <= capacity)!;
}

/** One op on one backend. Rates belong to the median. */
export interface OpResult extends OpCase {
  readonly backend: string;
  readonly threads: number;
  /** Of one call. */
  readonly seconds: Summary;
  /** Operations of one call (a multiply-accumulate is two), and whether they are integer arithmetic. */
  readonly flops: number;
  readonly integer: boolean;
  readonly flopsPerSecond: number;
  /** Bytes of one call, every tensor read or written once. */
  readonly bytes: number;
  readonly bytesPerSecond: number;
  /** What the op computes with, or a memory level; null where the machine's limits are not known. */
  readonly limit: string | null;
  /** Share of that limit that the op reaches. */
  readonly share: number | null;
}

/** An op being measured. */
export class OpBench {
  readonly task: Task<number>;

  /** `seconds`: how long one measurement takes about. */
  constructor(
    private readonly backend: Backend,
    private readonly opCase: OpCase,
    seconds: number,
  ) {
    const { op } = opCase;
    const values = new OpArguments(backend).of(opCase);
    const kernel = backend.kernels[op] as (...values: unknown[]) => unknown;
    this.task = burst(() => kernel(...values), seconds);
  }

  /** `times`: what the task gave. */
  result(times: readonly number[], limits: MachineLimits | null): OpResult {
    const { backend, opCase } = this;
    const { op, dims } = opCase;
    const seconds = summarize(times);
    const flops = OPS[op].flops(dims);
    const arithmetic = arithmeticOf(opCase);
    const integer = arithmetic === 'int8' || arithmetic === 'ternary';
    const traffic = trafficOf(op, dims, backend);
    const bytes = traffic.read + traffic.written;
    const bound = limits && boundOf({ flops, arithmetic, traffic }, limits);
    return {
      ...opCase,
      backend: backend.name,
      threads: backend.threads,
      seconds,
      flops,
      integer,
      flopsPerSecond: flops / seconds.median,
      bytes,
      bytesPerSecond: bytes / seconds.median,
      limit: bound?.limit ?? null,
      share: bound && bound.seconds / seconds.median,
    };
  }
}
