import type { Backend } from '../core/backend.ts';
import { OPS } from '../core/ops/table.ts';
import { trafficOf } from '../core/ops/traffic.ts';
import { burst, type Task } from './interleave.ts';
import type { MachineLimits } from './machine-limits.ts';
import { OpArguments } from './op-arguments.ts';
import type { OpCase } from './op-case.ts';
import { arithmeticOf, boundOf } from './roofline.ts';
import { type Summary, summarize } from './summary.ts';

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
  /** Bytes of one call, every tensor once each way. */
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
