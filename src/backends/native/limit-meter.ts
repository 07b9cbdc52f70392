import type { EngineOptions, LimitName, LimitSample } from './addon.ts';
import { createEngine } from './native-backend.ts';

/** Measures the peak rates of this machine with one instruction set. */
export interface LimitMeter {
  /** As in a backend's name: `avx512+vnni`. */
  readonly isa: string;
  readonly threads: number;
  /**
   * One run of a loop of `rounds` rounds on every thread; null where there are no instructions for it.
   * `memory` is shared out among the threads; only `read` and `triad` touch it, and it should have been
   * written to: pages that never were are all one page of zeros.
   */
  measure(limit: LimitName, rounds: number, memory: Float32Array): LimitSample | null;
  dispose(): void;
}

/** @throws FlashError when the addon does not load, or the machine lacks what is asked for. */
export function createLimitMeter(options: EngineOptions = {}): LimitMeter {
  const { engine } = createEngine(options);
  return {
    isa: [engine.isa, ...engine.features].join('+'),
    threads: engine.threads,
    measure: (limit, rounds, memory) => {
      const sample = engine.measureLimit(limit, rounds, memory);
      return sample.work === 0 ? null : sample;
    },
    dispose: () => engine.dispose(),
  };
}
