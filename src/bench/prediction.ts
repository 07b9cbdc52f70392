import { nativeStatus } from '../backends/native/index.ts';
import { wrapBackend } from '../backends/wrap.ts';
import type { Backend } from '../core/backend.ts';
import type { StepMode } from '../core/hook.ts';
import type { OpName } from '../core/kernels.ts';
import type { Dims } from '../core/ops/dims.ts';
import { dimsOf } from '../core/ops/op-dims.ts';
import { OPS } from '../core/ops/table.ts';
import { trafficOf } from '../core/ops/traffic.ts';
import { type Cache, dataCaches, isaOf, type MachineLimits } from './machine-limits.ts';
import { summarize } from './measurement.ts';
import { sharedOut, type Tile } from './sharing.ts';
import { breakDown, StepBench, type StepResult, type Variant } from './step-bench.ts';

/** Calls of one op at one size. */
export interface CallGroup {
  readonly op: OpName;
  readonly dims: Dims;
  readonly count: number;
}

/**
 * A backend of any number of threads whose kernels do nothing, but for `countPairs`, which says what rows there are: blocks
 * are as large, and calls as many, as on a machine of so many cores, and what a step takes is TypeScript.
 */
export class CallCounter {
  readonly backend: Backend;
  private groups: Map<string, CallGroup> | null = null;

  constructor(inner: Backend, threads: number) {
    const idle = wrapBackend('idle', inner, (op, values, call) => {
      if (this.groups) this.note(this.groups, op, values);
      if (op === 'countPairs') return call();
      return OPS[op].returns === 'number' ? 0 : undefined;
    });
    this.backend = { ...idle, threads, dispose: () => {} };
  }

  /** The calls that `run` makes. */
  async during(run: () => Promise<unknown>): Promise<CallGroup[]> {
    const groups = new Map<string, CallGroup>();
    this.groups = groups;
    await run();
    this.groups = null;
    return [...groups.values()];
  }

  private note(groups: Map<string, CallGroup>, op: OpName, values: readonly unknown[]): void {
    const dims = dimsOf(op, values);
    const key = JSON.stringify([op, dims]);
    groups.set(key, { op, dims, count: (groups.get(key)?.count ?? 0) + 1 });
  }
}

/** What a prediction takes over from this machine: `limits` must have some of more than one thread. */
export function assumedOf(
  limits: readonly MachineLimits[],
  backendName: string,
  caches: readonly Cache[] = dataCaches(),
): Assumed {
  const most = limits.reduce((a, b) => (b.threads > a.threads ? b : a));
  const isa = isaOf(backendName)?.split('+')[0] ?? 'scalar';
  const { tile } = nativeStatus().isas.find((each) => each.isa === isa)!;
  return {
    tile,
    fork: most.forkSeconds / Math.log2(most.threads),
    memory: most.memory.at(-1)!.triad,
    ownCache: caches
      .filter(({ cpus }) => cpus === 1)
      .reduce((bytes, cache) => Math.max(bytes, cache.bytes), 0),
  };
}

/** A step on one core, as it was measured. */
export interface SingleCore {
  readonly tokens: number;
  readonly ops: readonly { readonly op: OpName; readonly seconds: number }[];
  readonly binding: number;
  readonly typescript: number;
  /** Its kernel calls. */
  readonly calls: readonly CallGroup[];
  /** What TypeScript alone took with kernels that do nothing. */
  readonly idleTypescript: number;
}

/** A step as it is called on `cores` cores: blocks grow with them. */
export interface CallsOn {
  readonly cores: number;
  readonly calls: readonly CallGroup[];
  readonly idleTypescript: number;
}

/** What is assumed of the machine. */
export interface Assumed {
  readonly tile: Tile;
  /** Seconds to wake two threads and to wait for both. */
  readonly fork: number;
  /** Bytes per second of the memory that all cores share; infinity: it always keeps up. */
  readonly memory: number;
  /** Bytes of a core's own caches. */
  readonly ownCache: number;
}

/** The seconds of a step, by what they are spent on. */
export interface PredictedStep {
  readonly kernels: number;
  /** Waking threads and waiting for them. */
  readonly forks: number;
  /** Binding and TypeScript, which one core does. */
  readonly outside: number;
  readonly seconds: number;
  readonly tokensPerSecond: number;
  /** The op that takes longest there, and how many times as fast as on one core it is. */
  readonly slowest: { readonly op: OpName; readonly speedup: number } | null;
}

/** A fork of n threads costs as much as one of two threads for each doubling. */
export const forkSeconds = (fork: number, cores: number): number => fork * Math.log2(cores);

/**
 * The step on more cores, from the measured one. An op's time on one core is shared out among its calls by their cost;
 * each part of a call is divided by what its pieces allow (`sharing.ts`). No op is faster than shared memory moves what
 * its cores' own caches do not hold, or slower than on one core.
 */
export function predictStep(
  one: SingleCore,
  on: CallsOn,
  assumed: Assumed,
  backend: Pick<Backend, 'real' | 'packedTernaryBytes'>,
): PredictedStep {
  const ops = one.ops.map(({ op, seconds }) => {
    const before = costOf(one.calls, op, 1, assumed.tile);
    const after = costOf(on.calls, op, on.cores, assumed.tile);
    const compute = before.cost > 0 ? (seconds * after.cost) / before.cost : seconds;
    const bytes = sharedBytes(on, op, assumed, backend);
    const memory = Math.min(seconds, bytes / assumed.memory);
    return { op, before: seconds, after: Math.max(compute, memory), forks: after.forks };
  });
  const kernels = ops.reduce((sum, { after }) => sum + after, 0);
  const forks = ops.reduce((sum, op) => sum + op.forks, 0) * forkSeconds(assumed.fork, on.cores);
  const outside =
    one.binding * ratio(callsOf(on.calls), callsOf(one.calls)) +
    one.typescript * ratio(on.idleTypescript, one.idleTypescript);
  const seconds = kernels + forks + outside;
  const [longest] = [...ops].sort((a, b) => b.after - a.after);
  return {
    kernels,
    forks,
    outside,
    seconds,
    tokensPerSecond: one.tokens / seconds,
    slowest: longest ? { op: longest.op, speedup: longest.before / longest.after } : null,
  };
}

const ratio = (a: number, b: number): number => (b > 0 ? a / b : 1);
const callsOf = (groups: readonly CallGroup[]): number => groups.reduce((sum, { count }) => sum + count, 0);

function costOf(groups: readonly CallGroup[], op: OpName, cores: number, tile: Tile) {
  let [cost, forks] = [0, 0];
  for (const group of groups) {
    if (group.op !== op) continue;
    const shared = sharedOut(op, group.dims, tile, cores);
    for (const part of shared.parts) cost += (group.count * part.cost) / part.speedup(cores);
    forks += group.count * shared.forks;
  }
  return { cost, forks };
}

/** Bytes of an op's calls whose tensors do not fit the caches of the cores that work on them. */
function sharedBytes(
  on: CallsOn,
  op: OpName,
  { ownCache }: Assumed,
  backend: Pick<Backend, 'real' | 'packedTernaryBytes'>,
): number {
  return on.calls.reduce((sum, group) => {
    if (group.op !== op) return sum;
    const { read, written, footprint } = trafficOf(op, group.dims, backend);
    return footprint > on.cores * ownCache ? sum + group.count * (read + written) : sum;
  }, 0);
}

/** A step as it should be on a machine of more cores that are like the one that was measured. */
export interface Prediction {
  readonly cores: number;
  readonly path: StepMode;
  readonly compute: string;
  /** With memory that keeps up with all cores. */
  readonly free: PredictedStep;
  /** With memory that gives all cores together what it gave here. */
  readonly bound: PredictedStep;
}

const IDLE_STEPS = 5;

/** The calls of a step on so many cores, and what its TypeScript alone takes there. */
export async function callsOn(
  inner: Backend,
  cores: number,
  mode: StepMode,
  variant: Variant,
): Promise<CallsOn> {
  const counter = new CallCounter(inner, cores);
  const bench = new StepBench(counter.backend, mode, variant);
  const calls = await counter.during(() => bench.step());
  const idle: number[] = [];
  while (idle.length < IDLE_STEPS) idle.push(breakDown(await bench.step(), 0).typescript.seconds);
  return { cores, calls, idleTypescript: summarize(idle).median };
}

/**
 * Predicts each of `results` that was measured on one core for every number of `cores`.
 * @param backend with one thread
 */
export async function predictSteps(
  backend: Backend,
  results: readonly StepResult[],
  variants: readonly Variant[],
  tokens: number,
  cores: readonly number[],
  assumed: Assumed,
): Promise<Prediction[]> {
  const predictions: Prediction[] = [];
  for (const { path: mode, compute, breakdown } of results.filter(({ threads }) => threads === 1)) {
    const variant = variants.find((each) => each.compute === compute)!;
    const { ops, binding, typescript } = breakdown;
    const single = await callsOn(backend, 1, mode, variant);
    const one = {
      tokens,
      ops,
      binding: binding.seconds,
      typescript: typescript.seconds,
      calls: single.calls,
      idleTypescript: single.idleTypescript,
    };
    for (const count of cores) {
      const on = count === 1 ? single : await callsOn(backend, count, mode, variant);
      const bound = predictStep(one, on, assumed, backend);
      const free = predictStep(one, on, { ...assumed, memory: Number.POSITIVE_INFINITY }, backend);
      predictions.push({ cores: count, path: mode, compute: variant.compute, free, bound });
    }
  }
  return predictions;
}
