import type { Backend } from '../core/backend.ts';
import type { OpName } from '../core/kernels.ts';
import { trafficOf } from '../core/ops/traffic.ts';
import type { CallGroup } from './call-count.ts';
import { sharedOut, type Tile } from './sharing.ts';

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
