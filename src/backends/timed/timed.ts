import type { Backend } from '../../core/backend.ts';
import type { KernelClock, KernelTime, LayerTime, OpTime } from '../../core/kernel-times.ts';
import type { OpName } from '../../core/kernels.ts';
import { LayerPosition } from '../layer-position.ts';
import { wrapBackend } from '../wrap.ts';
import { CallTimer } from './call-timer.ts';
import { CallWork } from './call-work.ts';

type Sum = { -readonly [K in keyof KernelTime]: KernelTime[K] };

class SummingClock implements KernelClock {
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

type Timed = Pick<OpTime, 'op' | 'flops' | 'bytes'> & Pick<LayerTime, 'layer'>;

/** Times every kernel call, by op and by layer. */
export function timed(inner: Backend): Backend & { readonly clock: KernelClock } {
  const clock = new SummingClock();
  const position = new LayerPosition();
  const work = new CallWork(inner);
  const timer = new CallTimer<Timed>(inner, ({ op, layer, flops, bytes }, seconds) => {
    clock.add(op, layer, seconds, flops, bytes);
  });
  const backend = wrapBackend(
    'timed',
    inner,
    (op, values, call) => {
      // Evaluation and samples are not part of training time, so they have no share of it.
      if (position.betweenSteps) return call();
      return timer.time({ op, layer: position.layer?.path ?? null, ...work.of(op, values) }, call);
    },
    { watch: position, ...timer.own },
  );
  return { ...backend, clock };
}
