import { availableParallelism } from 'node:os';
import type { LimitMeter, LimitName } from '../backends/native/index.ts';
import { type Cache, dataCaches, shareOf } from './caches.ts';
import type { Task } from './interleave.ts';

/** How fast memory is that lies within a cache, or beyond all of them. */
export interface MemoryLevel {
  /** `L1`, `L2`, `L3`, `DRAM`. */
  readonly name: string;
  /** Most bytes a thread may use to be held against this level; null beyond the caches. */
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

const MOST_ROUNDS = 2 ** 30;

/** From this level on a cache has room for whole batches, and is slower the more of it is in use. */
const LARGE_LEVEL = 3;

/**
 * Half of each cache is gone through, so that what else lives there does not matter; of a large one an eighth too, which
 * stands for its nearer half. Then three times what the last one holds, which is far enough beyond it.
 */
export function memoryLevels(caches: readonly Cache[], threads: number, cpus: number): Level[] {
  const levels = caches.flatMap((cache) => {
    const capacity = shareOf(cache, threads, cpus);
    const level = { name: `L${cache.level}`, capacity, measured: capacity / 2 };
    return cache.level < LARGE_LEVEL
      ? [level]
      : [{ ...level, capacity: capacity / 2, measured: capacity / 8 }, level];
  });
  return [...levels, { name: 'DRAM', capacity: null, measured: 3 * levels.at(-1)!.capacity }];
}

/** Seconds of one run. Short: the best of many short runs is one in which nobody else had the CPU. */
const RUN = 0.0005;

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

  /** Runs that take `seconds` together; returns what they took. */
  readonly sample = (): number => {
    let passed = 0;
    while (passed < this.seconds) {
      const { seconds, work } = this.meter.measure(this.limit, this.rounds, this.memory);
      passed += seconds;
      if (seconds >= RUN / 2) this.best = Math.max(this.best, work / seconds);
      else this.rounds = Math.min(MOST_ROUNDS, Math.ceil(this.rounds * Math.min(16, RUN / seconds)));
    }
    return passed;
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
    return [this.floats, this.integers, ...this.memory.flatMap(({ read, triad }) => [read, triad])].map(
      (p) => p.sample,
    );
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
