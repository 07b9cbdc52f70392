import { describe, expect, it } from 'vitest';
import {
  createLimitMeter,
  type LimitMeter,
  type LimitName,
  nativeStatus,
} from '../../src/backends/native/index.ts';
import { LimitProbes, type MachineLimits } from '../../src/bench/machine-limits.ts';
import { type Arithmetic, arithmeticOf, boundOf, choosesPrecision } from '../../src/bench/op-bench.ts';
import { opCases } from '../../src/bench/op-case.ts';
import { OP_NAMES, OPS } from '../../src/core/ops/table.ts';

/** One work unit a round and nanosecond, ten times as slow on large memory. */
function fakeMeter(runs: string[]): LimitMeter {
  return {
    isa: 'fake',
    threads: 2,
    measure: (limit, rounds, memory) => {
      runs.push(`${limit} ${memory.length}`);
      if (limit === 'bf16') return null;
      return { seconds: rounds * 1e-9 * (memory.length > 1000 ? 10 : 1), work: rounds };
    },
    dispose: () => {},
  };
}

describe('probes', () => {
  const caches = [
    { level: 1, bytes: 1024, cpus: 1 },
    { level: 2, bytes: 65_536, cpus: 1 },
  ];

  it('probes measure each limit on the memory of its level, until a measurement is long enough to count', () => {
    const runs: string[] = [];
    const probes = new LimitProbes(fakeMeter(runs), 0.002, caches);
    for (const task of probes.tasks) task();
    const { isa, threads, floatOps, bf16Ops, integerOps, ternaryOps, forkSeconds, memory } = probes.limits;
    expect({ isa, threads }).toEqual({ isa: 'fake', threads: 2 });
    expect([floatOps, integerOps, ternaryOps]).toEqual(
      [1e9, 1e9, 1e9].map((rate) => expect.closeTo(rate, -1)),
    );
    // What there are no instructions for is absent; a fork is measured one at a time.
    expect({ bf16Ops, forkSeconds }).toEqual({ bf16Ops: null, forkSeconds: 1e-9 });
    expect(memory.map(({ name, read, triad }) => [name, Math.round(read), Math.round(triad)])).toEqual([
      ['L1', 1e9, 1e9],
      ['L2', 1e8, 1e8],
      ['DRAM', 1e8, 1e8],
    ]);
    // Two threads with half of 1024 bytes, half of 65,536 and three times 65,536; four bytes a value.
    expect(new Set(runs)).toEqual(
      new Set([
        'fma 256',
        'bf16 256',
        'dot 256',
        'popcount 256',
        'fork 0',
        ...[256, 16_384, 98_304].flatMap((n) => [`read ${n}`, `triad ${n}`]),
      ]),
    );
  });
});

const LIMITS = ['fma', 'bf16', 'dot', 'popcount', 'read', 'triad'] as const;

const isas = nativeStatus().isas.filter(({ supported }) => supported);

describe.each(isas)('loops of $isa', ({ isa, features }) => {
  const memory = new Float32Array(6 * 4096).fill(1);
  const measure = (limit: LimitName, rounds: number, threads: number, values: Float32Array = memory) => {
    const meter = createLimitMeter({ isa, features, threads });
    try {
      return meter.measure(limit, rounds, values);
    } finally {
      meter.dispose();
    }
  };

  it.each(LIMITS)('%s: the work grows with rounds and threads, or the limit is not supported', (limit) => {
    const one = measure(limit, 10, 1, memory.subarray(0, 3 * 4096));
    if (one === null) {
      // Only what not every instruction set has.
      expect(['bf16', 'popcount']).toContain(limit);
      return;
    }
    expect(one.seconds).toBeGreaterThan(0);
    expect(one.work).toBeGreaterThan(0);
    expect(measure(limit, 30, 1, memory.subarray(0, 3 * 4096))?.work).toBe(3 * one.work);
    expect(measure(limit, 10, 2)?.work).toBe(2 * one.work);
  });

  it('fork counts one unit of work per round', () => expect(measure('fork', 7, 2)?.work).toBe(7));

  it('memory loops go through all of the memory', () => {
    expect(measure('read', 1, 2)?.work).toBe(memory.byteLength);
    expect(measure('triad', 5, 2)?.work).toBe(5 * memory.byteLength);
  });

  it('the triad computes a = b + c / 2 on the thirds of each thread', () => {
    const values = new Float32Array(2 * 3 * 4096).map((_, i) => i % 1000);
    const before = values.slice();
    measure('triad', 1, 2, values);
    for (const start of [0, 3 * 4096]) {
      for (let i = start; i < start + 4096; i++)
        expect(values[i]).toBe(before[i + 4096]! + before[i + 8192]! / 2);
      expect(values.slice(start + 4096, start + 3 * 4096)).toEqual(
        before.slice(start + 4096, start + 3 * 4096),
      );
    }
  });

  it('limit loops refuse arguments that they cannot run on', () => {
    expect(() => measure('sine' as 'fma', 1, 1)).toThrow(
      /'sine' is not a limit, expected one of fma, bf16, dot, popcount, read, triad, fork/,
    );
    for (const rounds of [0, -1, 0.5, Number.NaN, 2 ** 40])
      expect(() => measure('fma', rounds, 1)).toThrow(RangeError);
    expect(() => measure('read', 1, 1, new Float32Array(10))).toThrow(/'memory' has 10 values a thread/);
    expect(() => measure('read', 1, 1, [1, 2] as unknown as Float32Array)).toThrow(TypeError);
  });
});

describe('the limit that binds a call', () => {
  const level = (name: string, capacity: number | null, read: number, triad: number) => ({
    name,
    capacity,
    measured: 1,
    read,
    triad,
  });
  const limits: MachineLimits = {
    isa: 'fake',
    threads: 2,
    floatOps: 1000,
    bf16Ops: 2000,
    integerOps: 4000,
    ternaryOps: null,
    forkSeconds: 1e-6,
    memory: [level('L1', 100, 500, 400), level('DRAM', null, 50, 40)],
  };
  const traffic = (read: number, written: number) => ({ read, written, footprint: read + written });

  it('the binding limit of a call is the slower of arithmetic and memory', () => {
    expect(boundOf({ flops: 1000, arithmetic: 'float32', traffic: traffic(100, 0) }, limits)).toEqual({
      limit: 'float32',
      seconds: 1,
    });
    expect(boundOf({ flops: 1000, arithmetic: 'int8', traffic: traffic(50, 0) }, limits)).toEqual({
      limit: 'int8',
      seconds: 0.25,
    });
    expect(boundOf({ flops: 0, arithmetic: 'float32', traffic: traffic(100, 0) }, limits)).toEqual({
      limit: 'L1',
      seconds: 0.2,
    });
  });

  it('a call that writes is bound by the triad, at the level that holds its tensors', () => {
    expect(boundOf({ flops: 0, arithmetic: 'float32', traffic: traffic(100, 100) }, limits)).toEqual({
      limit: 'L1',
      seconds: 0.5,
    });
    expect(boundOf({ flops: 0, arithmetic: 'float32', traffic: traffic(100, 101) }, limits)).toMatchObject({
      limit: 'DRAM',
    });
  });

  it("the arithmetic limit is that of the op's precision, or of the precision that replaces it", () => {
    const bound = (arithmetic: Arithmetic, of = limits) =>
      boundOf({ flops: 1000, arithmetic, traffic: traffic(0, 0) }, of);
    expect(bound('bf16')).toEqual({ limit: 'bf16', seconds: 0.5 });
    expect(bound('bf16', { ...limits, bf16Ops: null })).toEqual({ limit: 'float32', seconds: 1 });
    expect(bound('ternary')).toEqual({ limit: 'int8', seconds: 0.25 });
    expect(bound('ternary', { ...limits, ternaryOps: 10_000 })).toEqual({ limit: 'ternary', seconds: 0.1 });
  });

  it('the arithmetic limit follows from codes, and from the precision where an op has that choice', () => {
    const [int8, ternary] = opCases(['ternaryMatmul']);
    expect([arithmeticOf(int8!), arithmeticOf(ternary!)]).toEqual(['int8', 'ternary']);
    expect(arithmeticOf({ op: 'quantizeRows', choice: 'int8', codes: null })).toBe('float32');
    for (const op of OP_NAMES.filter(choosesPrecision)) {
      const found = opCases([op]).map((each) => [each.choice, arithmeticOf(each)]);
      const names = { f32: 'float32', bf16: 'bf16', int8: 'int8' };
      if (!OPS[op].integer)
        expect(found).toEqual(found.map(([choice]) => [choice, names[choice as keyof typeof names]]));
    }
  });

  it('an updated tensor counts once', () => {
    const updated = { read: 80, written: 80, footprint: 80 };
    expect(boundOf({ flops: 0, arithmetic: 'float32', traffic: updated }, limits)).toEqual({
      limit: 'L1',
      seconds: 0.2,
    });
  });
});
