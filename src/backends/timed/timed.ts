import type { Backend } from '../../core/backend.ts';
import type { OpName } from '../../core/kernels.ts';
import { LayerPosition } from '../layer-position.ts';
import { wrapBackend } from '../wrap.ts';
import { CallTimer } from './call-timer.ts';
import { CallWork } from './call-work.ts';

/** Calls and what they took since the clock was last read. */
export interface KernelTime {
  readonly calls: number;
  readonly seconds: number;
  /** Arithmetic, as the op table counts it. */
  readonly flops: number;
  /** Bytes that the calls must move at least: every argument once each way. */
  readonly bytes: number;
}

export interface OpTime extends KernelTime {
  readonly op: OpName;
}

export interface LayerTime extends KernelTime {
  /** Path of the layer; null for calls outside all layers, as in the optimiser. */
  readonly layer: string | null;
}

type Sum = { -readonly [K in keyof KernelTime]: KernelTime[K] };

/** Adds up the kernel calls of a backend by op and by layer. */
export class KernelClock {
  private ops = new Map<OpName, Sum>();
  private layers = new Map<string | null, Sum>();

  add(op: OpName, layer: string | null, seconds: number, flops: number, bytes: number): void {
    for (const sum of [sumOf(this.ops, op), sumOf(this.layers, layer)]) {
      sum.calls++;
      sum.seconds += seconds;
      sum.flops += flops;
      sum.bytes += bytes;
    }
  }

  /** What was added since the last call of this method, the longest first. */
  take(): { readonly ops: OpTime[]; readonly layers: LayerTime[] } {
    const ops = [...this.ops].map(([op, sum]) => ({ op, ...sum }));
    const layers = [...this.layers].map(([layer, sum]) => ({ layer, ...sum }));
    this.ops = new Map();
    this.layers = new Map();
    return { ops: ops.sort(longestFirst), layers: layers.sort(longestFirst) };
  }
}

const longestFirst = (a: KernelTime, b: KernelTime): number => b.seconds - a.seconds;

function sumOf<K>(sums: Map<K, Sum>, key: K): Sum {
  let sum = sums.get(key);
  if (!sum) {
    sum = { calls: 0, seconds: 0, flops: 0, bytes: 0 };
    sums.set(key, sum);
  }
  return sum;
}

/** A backend whose kernels are timed. Decorators put around it keep the clock. */
export interface TimedBackend extends Backend {
  readonly clock: KernelClock;
}

/** The clock of a timed backend, also under other decorators; undefined where nothing is timed. */
export function clockOf(backend: Backend): KernelClock | undefined {
  return (backend as Partial<TimedBackend>).clock;
}

type Timed = Pick<OpTime, 'op' | 'flops' | 'bytes'> & Pick<LayerTime, 'layer'>;

/** Times every kernel call, by op and by layer. */
export function timed(inner: Backend): TimedBackend {
  const clock = new KernelClock();
  const position = new LayerPosition();
  const work = new CallWork(inner);
  const timer = new CallTimer<Timed>(inner, ({ op, layer, flops, bytes }, seconds) => {
    clock.add(op, layer, seconds, flops, bytes);
  });
  const backend = wrapBackend(
    'timed',
    inner,
    (op, values, call) => {
      // Evaluation and samples are no part of training time, so they are none of its shares.
      if (position.betweenSteps) return call();
      return timer.time({ op, layer: position.layer?.path ?? null, ...work.of(op, values) }, call);
    },
    { watch: position, ...timer.own },
  );
  return { ...backend, clock };
}
