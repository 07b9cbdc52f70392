import { nativeStatus } from '../backends/native/index.ts';
import { availableMemory } from '../compose/memory.ts';
import type { Backend } from '../core/backend.ts';
import { FlashError } from '../core/errors.ts';
import { formatBytes } from '../core/format-bytes.ts';
import { trafficOf } from '../core/ops/traffic.ts';
import { mat } from '../core/tensor.ts';
import { LimitProbes, limitMeter, type MachineLimits } from './machine-limits.ts';
import { burst, type Effort, interleave, type Summary, summarize } from './measurement.ts';
import { OpBench, type OpResult } from './op-bench.ts';
import type { OpCase } from './op-case.ts';

/**
 * Measures what a call costs before its kernel begins, in seconds: six tensors are handed over and checked, and as they
 * have no rows there is nothing to do.
 */
export function callCost(backend: Backend, seconds: number): () => number {
  const { real, kernels } = backend;
  const empty = (name: string) => mat(real, 0, 192, name);
  const [dx, dy, x, rstd] = [empty('dx'), empty('dy'), empty('x'), mat(real, 0, 1, 'rstd')];
  const [accGain, gain] = [mat(real, 1, 192, 'accGain'), mat(real, 1, 192, 'gain')];
  return burst(() => kernels.rmsNormGrad(dx, accGain, dy, x, gain, rstd), seconds);
}

/** What a kernel call costs that has nothing to do. */
export interface CallCost {
  readonly backend: string;
  readonly threads: number;
  readonly seconds: Summary;
}

export interface KernelReport {
  /** One for each backend; none where the native kernels can't be loaded, or nothing is held against them. */
  readonly limits: readonly MachineLimits[];
  readonly calls: readonly CallCost[];
  readonly ops: readonly OpResult[];
}

/**
 * Measures the machine's limits, the cost of a call, and ops on backends that differ in their number of threads, all of
 * them in turn.
 * @throws FlashError (wrong usage) for shapes whose tensors do not fit the memory.
 */
export async function benchKernels(
  backends: readonly Backend[],
  cases: readonly OpCase[],
  effort: Effort,
  withLimits: boolean,
  onProgress?: (share: number) => void,
): Promise<KernelReport> {
  requireRoom(backends, cases);
  const meters = withLimits && nativeStatus().available ? backends.map(limitMeter) : [];
  try {
    const probes = meters.map((meter) => new LimitProbes(meter, effort.seconds));
    const ops = backends.flatMap((backend) =>
      cases.map((each) => new OpBench(backend, each, effort.seconds)),
    );
    const costs = backends.map((backend) => callCost(backend, effort.seconds));
    const tasks = [...costs, ...ops.map((op) => op.task), ...probes.flatMap((probe) => probe.tasks)];
    const times = await interleave(tasks, effort.rounds, onProgress);
    const limits = probes.map((probe) => probe.limits);
    return {
      limits,
      calls: backends.map(({ name, threads }, i) => ({
        backend: name,
        threads,
        seconds: summarize(times[i]!),
      })),
      ops: ops.map((op, i) =>
        op.result(times[costs.length + i]!, limits[Math.floor(i / cases.length)] ?? null),
      ),
    };
  } finally {
    for (const meter of meters) meter.dispose();
  }
}

function requireRoom(backends: readonly Backend[], cases: readonly OpCase[]): void {
  const sizes = backends.flatMap((backend) =>
    cases.map(({ op, dims }) => trafficOf(op, dims, backend).footprint),
  );
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  const available = availableMemory();
  if (bytes <= available) return;
  throw new FlashError(
    `The tensors of these shapes take ${formatBytes(bytes)}, and there are ${formatBytes(available)}`,
    { remedy: 'Give --shape smaller sizes.', exitCode: 2 },
  );
}
