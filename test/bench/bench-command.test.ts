import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { nativeStatus } from '../../src/backends/native/index.ts';
import { type BenchReport, FORMAT } from '../../src/bench/report.ts';
import { describePredictions, formatTime } from '../../src/cli/bench-tables.ts';
import { fakeTerminal, runInProcess } from '../cli/fake-terminal.ts';
import { RECIPE, TinyRun } from '../faults/tiny-run.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flashlm-bench-'));
});
afterAll(() => rm(folder, { recursive: true }));

const OPS = ['bench', '--quick', '--threads', '1', '--op', 'add', '--op', 'quantizeRows'];

describe('flashlm bench', () => {
  it('measures ops against limits measured in the same run', async () => {
    const { status, stdout, stderr } = await runInProcess([...OPS, '--shape', 'M=64', '--json']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const report = JSON.parse(stdout) as BenchReport;
    expect(report).toMatchObject({
      format: FORMAT,
      training: null,
      steps: [],
      machine: { node: process.version },
    });
    const [limits] = report.limits;
    expect(report.calls.map(({ threads }) => threads)).toEqual([1]);
    expect(report.ops.map(({ op, choice }) => choice ?? op)).toEqual([
      'add',
      'ternary',
      'ternary-mse',
      'int8',
    ]);
    const [add] = report.ops;
    expect(add).toMatchObject({
      dims: { M: 64, D: 192 },
      threads: 1,
      flops: 64 * 192,
      bytes: 3 * 4 * 64 * 192,
    });
    expect(add!.seconds.count).toBe(5);
    expect(add!.bytesPerSecond).toBeCloseTo(add!.bytes / add!.seconds.median, 0);
    const level = limits!.memory.find(({ capacity }) => capacity === null || add!.bytes <= capacity)!;
    expect(add!.limit).toBe(level.name);
    expect(add!.share).toBeCloseTo(add!.bytesPerSecond / level.triad);
  });

  it('bench shows ops as a table, compared with an earlier report', async () => {
    const old = join(folder, 'old.json');
    const { stdout } = await runInProcess([...OPS, '--json']);
    const before = JSON.parse(stdout) as BenchReport;
    await writeFile(old, stdout);
    const table = await runInProcess([...OPS, '--compare', old]);
    expect(table.status).toBe(0);
    expect(table.stdout).toMatch(/^machine's limits +1 thread$/m);
    expect(table.stdout).toMatch(/^float32 multiply-add +[\d.]+ GFLOP\/s$/m);
    expect(table.stdout).toMatch(/^op +shape +1 thread +± +arithmetic +memory +share +of +speed-up$/m);
    expect(table.stdout).toMatch(
      /^add +1024x192 +[\d.]+ (ns|µs|ms) +±\d+% +[\d.]+ GFLOP\/s +[\d.]+ GB\/s +\d+% +\S+ +[\d.]+x$/m,
    );
    expect(table.stdout).toMatch(/nothing to do: [\d.]+ (ns|µs)/);
    const { comparison } = JSON.parse((await runInProcess([...OPS, '--compare', old, '--json'])).stdout);
    expect(comparison).toHaveLength(4);
    expect(comparison[0]).toMatchObject({
      what: 'add M=1024 D=192',
      threads: 1,
      before: before.ops[0]!.seconds.median,
    });
    expect(comparison[0].speedup).toBeCloseTo(comparison[0].before / comparison[0].after);
    expect(table.stderr).toBe('');
    expect(table.stdout).toMatch(
      new RegExp(
        `^Speed-ups are against ${before.calls[0]!.backend.replace(/[+()]/g, '.')} on .*UTC\\.$`,
        'm',
      ),
    );
    const more = await runInProcess([...OPS, '--op', 'scale', '--compare', old]);
    expect(more.stderr).toBe(`${old} has no time of scale M=1 D=1082496 (1 thread)\n`);
  });

  it('bench measures ops in the chosen precision, called as training calls them', async () => {
    const ops = ['matmul', 'ternaryMatmulGradX', 'quantizeWeight'].flatMap((op) => ['--op', op]);
    const asked = ['bench', '--quick', '--threads', '1', ...ops, '--shape', 'N=4,K=8', '--json'];
    const choices = async (compute: string, backend: string) => {
      const args = [...asked, '--backend', backend, '--set', `compute=${compute}`];
      const { status, stdout, stderr } = await runInProcess(args);
      expect(status).toBe(0);
      return { choices: (JSON.parse(stdout) as BenchReport).ops.map(({ choice }) => choice), stderr };
    };
    const rules = ['absmean', 'absmedian'];
    expect(await choices('int8', 'reference')).toEqual({ choices: ['bf16', 'int8', ...rules], stderr: '' });
    expect(await choices('f32', 'reference')).toEqual({ choices: ['f32', 'f32', ...rules], stderr: '' });
    if (!nativeStatus().available) return;
    expect(await choices('bf16', 'native:scalar')).toEqual({
      choices: ['f32', 'f32', ...rules],
      stderr: 'compute: bf16 runs as f32: native:scalar has no bf16 instructions\n',
    });
  });

  it('bench measures the steps of a recipe, collapsed and dense under their names', async () => {
    const step = [
      'bench',
      '--only',
      'step',
      '--quick',
      '--backend',
      'reference',
      '--set',
      'data.seq_len=16',
      '--set',
      'data.batch=2',
      '--set',
      'model.1.repeat=1',
    ];
    const { status, stdout } = await runInProcess(step);
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /^v6\.1 SUPERNOVA II, steps of 32 random tokens \(\d+ distinct, \d+ distinct pairs\):$/m,
    );
    expect(stdout).toMatch(/^dense f32, 1 thread +[\d.]+ m?s +±\d+% +[\d.,]+ tokens\/s +[\d.]+%$/m);
    expect(stdout).toMatch(/^collapsed f32, 1 thread +[\d.]+ m?s +±\d+% +[\d.,]+ tokens\/s +[\d.]+%$/m);
    expect(stdout).toMatch(/^TypeScript +[\d.]+ .s +[\d.]+%/m);
    expect(stdout).toMatch(/^peak resident memory of this benchmark, .*: [\d.]+ [MG]B$/m);
    expect(stdout).not.toContain("machine's limits");
    expect(stdout).not.toContain('PREDICTION');
    const shift = await runInProcess(['bench', 'shift', ...step.slice(1, -2), '--json']);
    const { steps } = JSON.parse(shift.stdout) as BenchReport;
    expect(steps.map(({ path, compute }) => [path, compute])).toEqual([
      ['dense', 'f32'],
      ['dense', 'bf16'],
      ['dense', 'int8'],
    ]);
  });

  it('bench predicts steps on more cores, marks them as predictions and states the assumptions', async () => {
    const small = ['data.seq_len=16', 'data.batch=8', 'compute=f32', 'model.1.repeat=1'].flatMap((set) => [
      '--set',
      set,
    ]);
    const asked = ['bench', '--only', 'step', '--quick', '--predict', '96,1,96', ...small];
    const backend = ['--backend', 'native'];
    if (availableParallelism() === 1 || !nativeStatus().available) {
      expect((await runInProcess([...asked, ...backend])).stderr).toMatch(
        /a prediction needs native kernels/,
      );
      return;
    }
    const report = JSON.parse((await runInProcess([...asked, ...backend, '--json'])).stdout) as BenchReport;
    const lines = describePredictions(report, fakeTerminal().terminal);
    expect(lines).toContainEqual(expect.stringMatching(/^PREDICTION, not measured/));
    expect(lines).toContainEqual(expect.stringMatching(/^dense f32 +96 +[\d.,]+M? tokens\/s/));
    expect(lines).toContain('It assumes');
    const { predictions, steps, peakMemory } = report;
    expect(predictions.map(({ path, cores }) => [path, cores])).toEqual([
      ['dense', 96],
      ['dense', 1],
      ['collapsed', 96],
      ['collapsed', 1],
    ]);
    expect(peakMemory).toBeGreaterThan(1e7);
    for (const path of ['dense', 'collapsed'] as const) {
      const { breakdown } = steps.find((step) => step.path === path && step.threads === 1)!;
      const measured = [...breakdown.ops, breakdown.binding, breakdown.typescript];
      const { free } = predictions.find((each) => each.path === path && each.cores === 1)!;
      expect(free.seconds).toBeCloseTo(
        measured.reduce((sum, { seconds }) => sum + seconds, 0),
        9,
      );
    }
  });

  it('bench --decode opens a run as generate does, and measures nothing but limits and texts', async () => {
    const tiny = new TinyRun(RECIPE.replace('steps: 6', 'steps: 1'));
    try {
      await tiny.train();
      const run = (await tiny.latest())!;
      const asked = ['bench', run, '--decode', '--quick', '--threads', '1'];
      const { status, stdout, stderr } = await runInProcess([...asked, '--json']);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      const { ops, steps, training, peakMemory, generation } = JSON.parse(stdout) as BenchReport;
      expect({ ops, steps, training, peakMemory }).toEqual({
        ops: [],
        steps: [],
        training: null,
        peakMemory: null,
      });
      expect(generation).toMatchObject({
        recipe: 'tiny',
        context: null,
        prefill: [{ threads: 1, tokens: 1000 }],
      });
      expect(generation!.decode.map(({ backend, sequences }) => [backend, sequences])).toEqual(
        [1, 4, 16, 64].map((sequences) => ['reference', sequences]),
      );
      const old = join(folder, 'texts.json');
      await writeFile(old, stdout);
      const other = await runInProcess([
        'bench',
        tiny.recipe,
        '--decode',
        '--set',
        'name=other',
        '--compare',
        old,
      ]);
      expect(other).toMatchObject({
        status: 2,
        stderr: expect.stringMatching(/It has texts of tiny; this run measures texts of other/),
      });
    } finally {
      tiny.remove();
      vi.unstubAllEnvs();
    }
  });

  it.each([
    [
      ['--decode', '--op', 'add'],
      /'--decode' measures neither ops nor steps: leave --op, --only, --predict out/,
    ],
    [['--decode', '--only', 'ops'], /'--decode' measures neither/],
    [['--decode', '--predict', '8'], /'--decode' measures neither|'--predict' needs/],
    [['latest/nothing', '--decode'], /There is no run/],
    [['--op', 'activatoin'], /Did you mean activation\?/],
    [['--op', 'zzzzzz'], /Expected one of activation, adamW/],
    [['--op', 'activation', '--shape', 'M=0'], /Expected sizes of at least 1/],
    [['--op', 'activation', '--shape', 'Q=3'], /activation has no dimension 'Q'\n.*It has M, D\./],
    [['--op', 'activation', '--shape', 'M=900000000,D=900000'], /take [\d.]+ \w+, and there are [\d.]+ GB/],
    [['--shape', 'M=3'], /'--shape' needs '--op'/],
    [['--only', 'limits'], /Allowed choices are ops, step/],
    [['--threads', '0'], /Expected a whole number/],
    [['--predict', '8,none'], /Expected numbers of cores up to 1024, such as 8,32,96/],
    [['--predict', '0'], /Expected numbers of cores/],
    [['--predict', '8', '--threads', '1'], /'--predict' needs steps with one thread and with more/],
    [['--predict', '8', '--op', 'add'], /'--predict' needs steps/],
    [['--predict', '8', '--backend', 'reference'], /a prediction needs native kernels/],
  ])('bench refuses %j as wrong usage', async (args, message) => {
    const { status, stderr, stdout } = await runInProcess(['bench', ...args]);
    expect(stderr).toMatch(message);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  });

  it('bench reports a fault in the report to compare with', async () => {
    const compare = async (text: string) => {
      const file = join(folder, 'wrong.json');
      await writeFile(file, text);
      return runInProcess([...OPS, '--compare', file]);
    };
    expect(await compare('no JSON')).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/is not JSON: Unexpected[\s\S]*wrong\.json[\s\S]*bench --json/),
    });
    expect(await compare(`{"format":"${FORMAT}","date":"20`)).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/is not JSON: Unterminated string/),
    });
    for (const [text, message] of [
      ['', /is empty/],
      ['null', /is not a report of `bench --json`/],
      ['{"name":"flashlm"}', /is not a report of `bench --json`/],
      ['{"format":"flashlm-bench-0"}', /has the format flashlm-bench-0, expected flashlm-bench-1/],
    ] as const)
      expect(await compare(text)).toMatchObject({ status: 1, stderr: expect.stringMatching(message) });
    const timed = (ops: unknown) =>
      compare(JSON.stringify({ format: FORMAT, ops, steps: [], training: null }));
    for (const median of [0, -1, 1e308, 1e-320, '1', undefined]) {
      const op = { op: 'add', dims: { M: 1024, D: 192 }, threads: 1, seconds: { median } };
      expect(await timed([op]), String(median)).toMatchObject({
        status: 1,
        stdout: '',
        stderr: expect.stringMatching(/can't be used: ops\.0\.seconds\.median: \w.* expected number/),
      });
    }
    expect(await timed(undefined)).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/can't be used: ops: .*expected array/),
    });
    const missing = await runInProcess([...OPS, '--compare', join(folder, 'missing.json')]);
    expect(missing).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/Cannot read the report.*no such file/),
    });
  });
});

describe('times', () => {
  it.each([
    [3.2149, '3.21 s'],
    [0.0456, '45.6 ms'],
    [1.234e-5, '12.3 µs'],
    [7.34e-7, '734 ns'],
    [123.4, '123 s'],
    [0, '0 ns'],
  ])('bench writes %d seconds as %s', (seconds, text) => expect(formatTime(seconds)).toBe(text));
});
