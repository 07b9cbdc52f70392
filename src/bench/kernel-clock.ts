import { wrapKernels } from '../backends/decorators/wrap.ts';
import type { Backend } from '../core/backend.ts';
import type { OpName } from '../core/kernels.ts';

/** Calls of one op since the clock was reset, and the seconds they took. */
export interface OpTime {
  readonly op: OpName;
  readonly calls: number;
  readonly seconds: number;
}

/** Times every kernel call of a backend. */
export class KernelClock {
  /** The backend with the clock around its kernels; only its owner should dispose of it. */
  readonly backend: Backend;
  private readonly times = new Map<OpName, { calls: number; seconds: number }>();

  constructor(inner: Backend) {
    const kernels = wrapKernels(inner.kernels, (op, _values, call) => {
      const began = performance.now();
      const result = call();
      const seconds = (performance.now() - began) / 1000;
      const time = this.times.get(op);
      if (time) {
        time.calls++;
        time.seconds += seconds;
      } else this.times.set(op, { calls: 1, seconds });
      return result;
    });
    this.backend = { ...inner, kernels };
  }

  /** The times since the last call of this method, the longest first. */
  take(): OpTime[] {
    const times = [...this.times].map(([op, time]) => ({ op, ...time }));
    this.times.clear();
    return times.sort((a, b) => b.seconds - a.seconds);
  }
}
