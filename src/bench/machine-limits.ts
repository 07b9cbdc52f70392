import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { createLimitMeter, type LimitMeter, type LimitName } from '../backends/native/index.ts';
import type { Backend } from '../core/backend.ts';
import { summarize, type Task } from './measurement.ts';

/** A cache for data. */
export interface Cache {
  /** 1 is the nearest to the core. */
  readonly level: number;
  readonly bytes: number;
  /** CPUs that share it. */
  readonly cpus: number;
}

/** Where the system does not tell: what even small machines have. */
const USUAL = (cpus: number): Cache[] => [
  { level: 1, bytes: 32 * 1024, cpus: 1 },
  { level: 2, bytes: 256 * 1024, cpus: 1 },
  { level: 3, bytes: 8 * 1024 ** 2, cpus },
];

/** The data caches of the first CPU, the nearest first, as Linux tells them. */
export function dataCaches(folder = '/sys/devices/system/cpu/cpu0/cache'): Cache[] {
  try {
    const caches = readdirSync(folder)
      .filter((name) => name.startsWith('index'))
      .map((name) => (file: string) => readFileSync(join(folder, name, file), 'utf8').trim())
      .filter((read) => read('type') !== 'Instruction')
      .map((read) => ({
        level: Number(read('level')),
        bytes: 1024 * Number.parseInt(read('size'), 10),
        cpus: countOf(read('shared_cpu_list')),
      }))
      .sort((a, b) => a.level - b.level);
    if (caches.length && caches.every(({ bytes, cpus }) => bytes > 0 && cpus > 0)) return caches;
  } catch {
    // Another system, or a container that hides it.
  }
  return USUAL(availableParallelism());
}

/** CPUs in `0-3,8`. */
function countOf(list: string): number {
  return list.split(',').reduce((count, range) => {
    const [first, last = first] = range.split('-').map(Number);
    return count + last! - first! + 1;
  }, 0);
}

/** What one of `threads` threads has of a cache when they are spread over `cpus` CPUs. */
export function shareOf(cache: Cache, threads: number, cpus: number): number {
  return cache.bytes / Math.min(threads, Math.ceil((threads * cache.cpus) / cpus));
}

/** The instruction set of a native backend with its extensions, however it is wrapped: `avx512+vnni`. */
export const isaOf = (backendName: string): string | undefined =>
  /native:([a-z0-9]+(\+[a-z0-9]+)*)/.exec(backendName)?.[1];

/** A meter of a native backend's instruction set; of the machine's best for any other backend. */
export function limitMeter({ name, threads }: Pick<Backend, 'name' | 'threads'>): LimitMeter {
  const [isa, ...features] = isaOf(name)?.split('+') ?? [];
  return createLimitMeter(isa === undefined ? { threads } : { isa, features, threads });
}

/** How fast memory is that lies within a cache, or beyond all of them. */
export interface MemoryLevel {
  /** `L1`, `L2`, `L3`, `DRAM`. */
  readonly name: string;
  /** Maximum bytes of a thread that count as held by this level; null beyond the caches. */
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
  /** Operations of bf16 dot products per second; null where there are no instructions for them. */
  readonly bf16Ops: number | null;
  /** int8 operations per second; a multiply-add is two. */
  readonly integerOps: number;
  /** Operations of ternary products that count bits; null where there are no instructions for them. */
  readonly ternaryOps: number | null;
  /** What it takes to wake all threads and to wait for the last, with nothing to do, in seconds. */
  readonly forkSeconds: number;
  readonly memory: readonly MemoryLevel[];
}

type Level = Omit<MemoryLevel, 'read' | 'triad'>;

const MAX_ROUNDS = 2 ** 30;
const MAX_FORKS = 1000;
const NOTHING = new Float32Array(0);

/** From this level on a cache has room for whole batches, and is slower the more of it is in use. */
const LARGE_LEVEL = 3;

/**
 * Half of each cache is gone through, so that what else lives there does not matter; of a large one an eighth too, which
 * counts as its nearer half. Then three times what the last one holds, which is far enough beyond it.
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
      const run = this.meter.measure(this.limit, this.rounds, this.memory);
      if (!run) break;
      const { seconds, work } = run;
      passed += seconds;
      if (seconds >= RUN / 2) this.best = Math.max(this.best, work / seconds);
      else this.rounds = Math.min(MAX_ROUNDS, Math.ceil(this.rounds * Math.min(16, RUN / seconds)));
    }
    return passed;
  };
}

/** Forks one at a time, called as kernels are: back to back they would find every thread still awake. */
class ForkProbe {
  best = Number.POSITIVE_INFINITY;

  constructor(
    private readonly meter: LimitMeter,
    private readonly seconds: number,
  ) {}

  readonly sample = (): number => {
    const times: number[] = [];
    for (let passed = 0; passed < this.seconds && times.length < MAX_FORKS; ) {
      const { seconds } = this.meter.measure('fork', 1, NOTHING)!;
      times.push(seconds);
      passed += Math.max(seconds, 1e-6);
    }
    const { median } = summarize(times);
    this.best = Math.min(this.best, median);
    return median;
  };
}

/** Measures the limits piece by piece, between other measurements. */
export class LimitProbes {
  private readonly floats: Probe;
  private readonly bf16: Probe;
  private readonly integers: Probe;
  private readonly ternary: Probe;
  private readonly forks: ForkProbe;
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
    this.bf16 = probe('bf16', levels[0]!.measured);
    this.integers = probe('dot', levels[0]!.measured);
    this.ternary = probe('popcount', levels[0]!.measured);
    this.forks = new ForkProbe(meter, seconds);
    this.memory = levels.map((level) => ({
      level,
      read: probe('read', level.measured),
      triad: probe('triad', level.measured),
    }));
  }

  get tasks(): Task<number>[] {
    const { floats, bf16, integers, ternary, forks, memory } = this;
    const loops = memory.flatMap(({ read, triad }) => [read, triad]);
    return [floats, bf16, integers, ternary, forks, ...loops].map((probe) => probe.sample);
  }

  /** What was seen so far. */
  get limits(): MachineLimits {
    return {
      isa: this.meter.isa,
      threads: this.meter.threads,
      floatOps: this.floats.best,
      bf16Ops: this.bf16.best || null,
      integerOps: this.integers.best,
      ternaryOps: this.ternary.best || null,
      forkSeconds: this.forks.best,
      memory: this.memory.map(({ level, read, triad }) => ({ ...level, read: read.best, triad: triad.best })),
    };
  }
}
