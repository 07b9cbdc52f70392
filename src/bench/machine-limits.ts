import { availableParallelism } from 'node:os';
import type { LimitMeter, LimitName } from '../backends/native/index.ts';
import { type Cache, dataCaches, shareOf } from './caches.ts';
import type { Task } from './interleave.ts';

/** How fast memory is that lies within a cache, or beyond all of them. */
export interface MemoryLevel {
  /** `L1`, `L2`, `L3`, `DRAM`. */
  readonly name: string;
  /** Bytes a thread can have there; null beyond the caches. */
  readonly capacity: number | null;
  /** Bytes a thread went through in the measurement. */
  readonly measured: number;
  /** Bytes per second of all threads: reading alone, and `a = b + s * c`. */
  readonly read: number;
  readonly triad: number;
}

/** What the machine can do at best with an instruction set and a number of threads: the best of the measurements. */
export interface MachineLimits {
  readonly isa: string;
  readonly threads: number;
  /** float32 operations per second; a multiply-add is two. */
  readonly floatOps: number;
  /** int8 operations per second; a multiply-add is two. */
  readonly integerOps: number;
  readonly memory: readonly MemoryLevel[];
}

type Level = Omit<MemoryLevel, 'read' | 'triad'>;

/** More would only take longer: it is several times what any cache holds. */
const MOST_BEYOND_CACHES = 256 * 1024 ** 2;
const MOST_ROUNDS = 2 ** 30;

/** Half of each cache is gone through, so that what else lives there does not matter; and far more than the last. */
export function memoryLevels(caches: readonly Cache[], threads: number, cpus: number): Level[] {
  const levels = caches.map((cache) => {
    const capacity = shareOf(cache, threads, cpus);
    return { name: `L${cache.level}`, capacity, measured: capacity / 2 };
  });
  const last = caches.at(-1)?.bytes ?? 0;
  const beyond = Math.min(4 * last, MOST_BEYOND_CACHES) / threads;
  return [...levels, { name: 'DRAM', capacity: null, measured: beyond }];
}

/** One limit, measured again and again. */
class Probe {
  best = 0;
  private rounds = 1;

  constructor(
    private readonly meter: LimitMeter,
    private readonly limit: LimitName,
    private readonly memory: Float32Array,
    private readonly seconds: number,
  ) {}

  readonly sample = (): number => {
    for (;;) {
      const { seconds, work } = this.meter.measure(this.limit, this.rounds, this.memory);
      const isLong = seconds >= this.seconds / 2;
      if (isLong || this.rounds === MOST_ROUNDS) {
        this.best = Math.max(this.best, work / seconds);
        return seconds;
      }
      const wanted = this.rounds * Math.min(16, this.seconds / seconds);
      this.rounds = Math.min(MOST_ROUNDS, Math.ceil(wanted));
    }
  };
}

/** Measures the limits piece by piece, between other measurements. */
export class LimitProbes {
  private readonly floats: Probe;
  private readonly integers: Probe;
  private readonly memory: readonly { readonly level: Level; readonly read: Probe; readonly triad: Probe }[];

  /** `seconds`: how long one measurement takes about. */
  constructor(
    private readonly meter: LimitMeter,
    seconds: number,
    caches: readonly Cache[] = dataCaches(),
  ) {
    const levels = memoryLevels(caches, meter.threads, availableParallelism());
    const most = Math.max(...levels.map(({ measured }) => measured));
    const whole = new Float32Array((most * meter.threads) / 4).fill(1);
    const probe = (limit: LimitName, measured: number): Probe =>
      new Probe(meter, limit, whole.subarray(0, (measured * meter.threads) / 4), seconds);
    this.floats = probe('fma', levels[0]!.measured);
    this.integers = probe('dot', levels[0]!.measured);
    this.memory = levels.map((level) => ({
      level,
      read: probe('read', level.measured),
      triad: probe('triad', level.measured),
    }));
  }

  get tasks(): Task<number>[] {
    return [this.floats, this.integers, ...this.memory.flatMap(({ read, triad }) => [read, triad])].map((p) => p.sample);
  }

  /** What was seen so far. */
  get limits(): MachineLimits {
    return {
      isa: this.meter.isa,
      threads: this.meter.threads,
      floatOps: this.floats.best,
      integerOps: this.integers.best,
      memory: this.memory.map(({ level, read, triad }) => ({ ...level, read: read.best, triad: triad.best })),
    };
  }
}
