import { describe, expect, it } from 'vitest';
import { Comparison } from '../../src/bench/comparison.ts';
import { benchDecode, SEQUENCES } from '../../src/bench/decode-bench.ts';
import { boundOfWork, countWork } from '../../src/bench/decode-work.ts';
import type { MachineLimits } from '../../src/bench/machine-limits.ts';
import type { BenchReport } from '../../src/bench/report.ts';
import { describeGeneration } from '../../src/cli/decode-tables.ts';
import { type ComposedRun, composeRun } from '../../src/compose/run.ts';
import { loadRecipe } from '../../src/recipes/load.ts';
import { TextGenerator } from '../../src/train/generate.ts';
import { fakeTerminal } from '../cli/fake-terminal.ts';

/** Every kind of limit is another number, and memory beyond L2 is slow. */
const LIMITS: MachineLimits = {
  isa: 'avx512',
  threads: 1,
  floatOps: 1e11,
  bf16Ops: null,
  integerOps: 4e11,
  ternaryOps: null,
  forkSeconds: 1e-6,
  memory: [
    { name: 'L2', capacity: 1e5, measured: 5e4, read: 1e11, triad: 1e11 },
    { name: 'DRAM', capacity: null, measured: 1e6, read: 1e9, triad: 1e9 },
  ],
};

const SHORT = { rounds: 1, seconds: 0, stepRounds: 1, stepSeconds: 0 };
const GREEDY = { temperature: 0 };

async function tiny<T>(
  work: (run: ComposedRun) => T | Promise<T>,
  { name = 'v61-attn-debug', set = [] as readonly string[] } = {},
): Promise<T> {
  const recipe = await loadRecipe(name, {
    set: ['backend=reference', 'data.seq_len=8', 'train.threads=1', ...set],
  });
  const run = composeRun(recipe);
  try {
    return await work(run);
  } finally {
    run.dispose();
  }
}

/** The work of a token more of each of so many texts. */
const workOf = ({ recipe, backend }: ComposedRun, texts: number) =>
  countWork(recipe, backend, (model) => {
    const generator = new TextGenerator(model, texts, 8);
    const writing = { prompt: [], sampler: { sample: () => 1 } };
    const writings = Array.from({ length: texts }, () => writing);
    const events = generator.generateAll(writings, 0, 4)[Symbol.iterator]();
    const next = () => {
      for (const { tokens } = generator.work.decode; generator.work.decode.tokens === tokens; ) events.next();
    };
    next();
    return next;
  });

describe('the work of writing a token', () => {
  it.each([1, 4])(
    'the weights of a token of %d texts are those of the model, 2 bits a ternary one, each read once',
    (texts) =>
      tiny((run) => {
        const { all } = run.model.store;
        const table = all.find((p) => p.table)!;
        const bytes = all.map((p) => (p.quantised ? p.size / 4 + 4 : 4 * p.size));
        // The table is multiplied by, and rows of it are looked up.
        const lookedUp = 4 * texts * table.cols;
        expect(workOf(run, texts).weightBytes).toBe(lookedUp + bytes.reduce((sum, each) => sum + each, 0));
      }),
  );

  it('a ternary head, which is multiplied as a matrix, is counted as ternary weights too', () =>
    tiny(
      (run) => {
        const { all } = run.model.store;
        const table = all.find((p) => p.table)!;
        const head = all.find((p) => p.isDense)!;
        const bytes = all.map((p) => (p.quantised ? p.size / 4 + 4 : 4 * p.size));
        const rest = bytes.reduce((sum, each) => sum + each, 0) - 4 * table.size + 4 * table.cols;
        // Its scale is in the matrix.
        expect(head.quantised).toBe(true);
        expect(workOf(run, 1).weightBytes).toBe(rest - 4);
      },
      { set: ['model.3={"head":{"weights":"absmean","activations":"int8"}}'] },
    ));

  it('products of codes are integer arithmetic, and texts side by side multiply the work', () =>
    tiny((run) => {
      const [one, four] = [workOf(run, 1), workOf(run, 4)];
      const ternary = run.model.store.all.filter((p) => p.quantised);
      expect(one.flops.int8).toBe(2 * ternary.reduce((sum, p) => sum + p.size, 0));
      expect(four.flops).toEqual({ int8: 4 * one.flops.int8!, float32: 4 * one.flops.float32! });
    }));

  it('a token is held against memory or against arithmetic, whichever takes longer', () => {
    const flops = { float32: 1e6, int8: 8e6 };
    expect(boundOfWork({ weightBytes: 2e5, flops }, LIMITS)).toEqual({ limit: 'DRAM', seconds: 2e-4 });
    const near = boundOfWork({ weightBytes: 1e5, flops }, LIMITS);
    expect(near.limit).toBe('int8');
    expect(near.seconds).toBeCloseTo(3e-5, 12);
    // Without instructions that count bits, ternary codes are int8 ones.
    const counted = boundOfWork({ weightBytes: 1, flops: { ternary: 4e11, float32: 1 } }, LIMITS);
    expect(counted.limit).toBe('int8');
    expect(counted.seconds).toBeCloseTo(1);
  });
});

describe('the benchmark of writing', () => {
  it('writing is measured for every number of texts, and reading for a prompt of a whole context', () =>
    tiny(async (run) => {
      const report = await benchDecode([run], [LIMITS], GREEDY, SHORT);
      expect(report).toMatchObject({ recipe: run.recipe.name, context: 8 });
      expect(report.decode.map(({ sequences }) => sequences)).toEqual([1, 4, 16, 64]);
      for (const { sequences, seconds, tokensPerSecond, bytesPerToken, share, limit } of report.decode) {
        const work = workOf(run, sequences);
        const bound = boundOfWork(work, LIMITS);
        expect(tokensPerSecond).toBe(sequences / seconds.median);
        expect(bytesPerToken).toBe(work.weightBytes / sequences);
        expect([limit, share]).toEqual([bound.limit, bound.seconds / seconds.median]);
      }
      const [{ tokens, tokensPerSecond, seconds }] = report.prefill as [(typeof report.prefill)[0]];
      expect([tokens, tokensPerSecond]).toEqual([8, 8 / seconds.median]);
    }));

  it('a model whose tokens cost the same everywhere reads a prompt of 1,000 tokens', () =>
    tiny(
      async (run) => {
        const { context, prefill } = await benchDecode([run], [], GREEDY, SHORT);
        expect([context, prefill.map(({ tokens }) => tokens)]).toEqual([null, [1000]]);
      },
      { name: 'v61-debug' },
    ));

  it('texts that do not fit the memory are refused before they are begun', () =>
    tiny((run) => {
      const { recipe } = run;
      const data = { ...recipe.data, seq_len: 1e9 };
      const long = { ...run, recipe: { ...recipe, data } } as ComposedRun;
      return expect(benchDecode([long], [], GREEDY, SHORT)).rejects.toThrow(
        /texts of this benchmark take [\d.]+ TB, and there are/,
      );
    }));
});

describe('a report of writing', () => {
  const result = (threads: number, median: number) => ({
    backend: 'native',
    threads,
    seconds: { median, low: median, high: median, count: 1 },
    tokensPerSecond: 1 / median,
  });
  const report = (median: number, context: number | null = 8): BenchReport =>
    ({
      ops: [],
      steps: [],
      training: null,
      generation: {
        recipe: 'small',
        context,
        decode: SEQUENCES.map((sequences) => ({
          ...result(1, median * sequences),
          sequences,
          bytesPerToken: 1000,
          limit: 'L2',
          share: 0.25,
        })),
        prefill: [{ ...result(2, median), tokens: 8 }],
      },
    }) as unknown as BenchReport;

  it('writing is compared with writing side by side of as many texts, as long, with as many threads', () => {
    const [before, after] = [report(0.004), report(0.002)];
    expect(new Comparison(before, after).ratios.map(({ what, speedup }) => [what, speedup])).toEqual([
      ['decode small with 8 tokens, 1 text', 2],
      ['decode small with 8 tokens, 4 texts', 2],
      ['decode small with 8 tokens, 16 texts', 2],
      ['decode small with 8 tokens, 64 texts', 2],
      ['prefill small with 8 tokens, 8 tokens', 2],
    ]);
    expect(new Comparison(report(0.004, 16), after).ratios).toEqual([]);
  });

  it('a table shows texts and prompts, how fast weights were read, and speed-ups where there are any', () => {
    const { terminal } = fakeTerminal({ columns: 200 });
    const { generation } = report(0.002);
    const lines = describeGeneration(generation!, new Comparison(report(0.004), report(0.002)), terminal);
    expect(lines.join('\n')).toMatchInlineSnapshot(`
      "
      small, texts side by side, in the middle of 8 tokens:
      decode              a token each    ±          speed  weights a token     read at  share  of  speed-up
      1 text, 1 thread         2.00 ms  ±0%   500 tokens/s             1 kB  0.001 GB/s    25%  L2     2.00x
      4 texts, 1 thread        8.00 ms  ±0%   125 tokens/s             1 kB  0.001 GB/s    25%  L2     2.00x
      16 texts, 1 thread       32.0 ms  ±0%  31.3 tokens/s             1 kB  0.001 GB/s    25%  L2     2.00x
      64 texts, 1 thread        128 ms  ±0%  7.81 tokens/s             1 kB  0.001 GB/s    25%  L2     2.00x

      prefill                 time    ±         speed  speed-up
      8 tokens, 2 threads  2.00 ms  ±0%  500 tokens/s     2.00x"
    `);
    expect(describeGeneration(report(1, null).generation!, null, terminal).join('\n')).not.toMatch(
      /speed-up|in the middle/,
    );
  });
});
