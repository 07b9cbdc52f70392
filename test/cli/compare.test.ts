import { appendFileSync, cpSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { compareRuns } from '../../src/app/compare-runs.ts';
import { startRun } from '../../src/app/session.ts';
import { loadRecipe } from '../../src/recipes/load.ts';
import { TinyRun } from '../faults/tiny-run.ts';
import { runInProcess } from './fake-terminal.ts';

let tiny: TinyRun;
/** Two seeds of one recipe, and another learning rate. */
const CHANGES = [['train.seed=1'], ['train.seed=2'], ['optimizer.lr=0.02']];
const runs: string[] = [];

beforeAll(async () => {
  tiny = new TinyRun();
  for (const set of CHANGES) {
    const recipe = await loadRecipe(tiny.recipe, { set });
    const session = await startRun(recipe, tiny.runs, { report: () => {}, onNotice: () => {} });
    await session.run.run();
    await session.close();
    runs.push(session.directory.path);
  }
});
afterAll(() => {
  vi.unstubAllEnvs();
  tiny.remove();
});

const metrics = (run: string): string => join(run, 'metrics.jsonl');
const events = (run: string): Record<string, unknown>[] =>
  readFileSync(metrics(run), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('compare', () => {
  it("compare takes each run's last step and evaluation, and its speed over all steps", async () => {
    const { runs: compared, warnings } = await compareRuns(runs);
    expect(warnings).toEqual([]);
    for (const [i, run] of runs.entries()) {
      const steps = events(run).filter(({ event }) => event === 'step');
      const { step, tokens, seconds } = steps.at(-1)!;
      const evaluation = events(run).findLast(({ event, split }) => event === 'eval' && split === 'valid');
      expect(compared[i]).toMatchObject({ step, tokens, seconds, evaluation });
      expect(compared[i]!.tokensPerSecond).toBe((tokens as number) / (seconds as number));
    }
  });

  it('compare counts 2 bits for a ternary weight and 32 for any other', async () => {
    const [run] = (await compareRuns(runs.slice(0, 1))).runs;
    // 280 embeddings of width 8, two norms of 8, a mix of 8, a ternary matrix of 8 x 8.
    expect(run).toMatchObject({
      parameters: 280 * 8 + 3 * 8 + 64,
      packedBytes: 4 * (280 * 8 + 3 * 8) + 64 / 4,
    });
  });

  it('compare gives the mean and spread of runs that differ in nothing but the seed', async () => {
    const { runs: compared, seeds } = await compareRuns(runs);
    const [a, b] = compared.map(({ evaluation }) => evaluation!.bpc!);
    expect(a).not.toBe(b);
    expect(seeds).toHaveLength(1);
    expect(seeds[0]!.runs).toEqual([0, 1]);
    expect(seeds[0]!.mean).toBeCloseTo((a! + b!) / 2, 12);
    expect(seeds[0]!.deviation).toBeCloseTo(Math.abs(a! - b!) / Math.SQRT2, 12);
    expect([seeds[0]!.least, seeds[0]!.most]).toEqual([Math.min(a!, b!), Math.max(a!, b!)]);
  });

  it('compare names the settings in which recipes differ, and no other', async () => {
    const { differences } = await compareRuns(runs);
    expect(differences).toEqual([
      { key: 'optimizer.lr', values: ['0.01', '0.01', '0.02'] },
      { key: 'train.seed', values: ['1', '2', '1'] },
    ]);
  });

  it('compare says of different models how large they are, not each place in which they differ', async () => {
    const other = `${runs[0]}-wide`;
    cpSync(runs[0]!, other, { recursive: true });
    const recipe = join(other, 'recipe.yaml');
    writeFileSync(
      recipe,
      readFileSync(recipe, 'utf8').replace(/^( *)- rms_norm/m, (line, blanks) => `${blanks}- silu\n${line}`),
    );
    const { differences } = await compareRuns([runs[0]!, other]);
    expect(differences.map(({ key }) => key)).toEqual(['model']);
    expect(differences[0]!.values.every((value) => /^[\d,]+ parameters, [12] of 2 such$/.test(value!))).toBe(
      true,
    );
  });

  it('compare works beside training: a run without evaluation, and a line that is being written', async () => {
    const young = `${runs[0]}-young`;
    cpSync(runs[0]!, young, { recursive: true });
    const [first] = readFileSync(metrics(young), 'utf8').split('\n');
    writeFileSync(metrics(young), `${first}\n`);
    appendFileSync(metrics(young), '{"event":"step","st');
    const { runs: compared, warnings } = await compareRuns([young, runs[0]!]);
    expect(compared[0]).toMatchObject({ evaluation: null });
    expect(warnings).toEqual([`${basename(young)} is at step 0 and has not been evaluated yet`]);
  });

  it('compare warns where the runs were evaluated on different texts', async () => {
    const other = `${runs[0]}-other`;
    cpSync(runs[0]!, other, { recursive: true });
    const text = readFileSync(metrics(other), 'utf8');
    writeFileSync(metrics(other), text.replace(/"characters":\d+/g, '"characters":7'));
    const { warnings } = await compareRuns([runs[0]!, other]);
    expect(warnings).toEqual([
      expect.stringMatching(/^the runs were evaluated on different texts .* flashlm eval RUN --data FILE /),
    ]);
  });

  it('compare prints a table, the seeds and what differs', async () => {
    const { status, stdout } = await runInProcess(['compare', ...runs]);
    expect(status).toBe(0);
    const lines = stdout.split('\n');
    expect(lines[0]).toMatch(/run +text +BPC +PPL +tokens\/s +tokens +time +parameters +packed/);
    expect(lines.slice(1, 4).map((line) => line.split(/ +/)[1])).toEqual(runs.map((run) => basename(run)));
    expect(stdout).toMatch(/\n {2}1, 2 {2}mean [\d.]+ of 2 runs, from [\d.]+ to [\d.]+/);
    expect(stdout).toContain('\n  optimizer.lr  0.01 (1, 2), 0.02 (3)\n');
  });

  it('compare takes a checkpoint for its run', async () => {
    const [run] = (await compareRuns([join(runs[0]!, 'checkpoints', 'step-00000006')])).runs;
    expect(run!.directory).toBe(runs[0]);
  });

  it('compare tells apart models of one size, and warns of tokenizers that differ', async () => {
    const models = ['- silu', '- tanh', '- silu'].map((layer, i) => {
      const other = `${runs[0]}-model-${i}`;
      cpSync(runs[0]!, other, { recursive: true });
      const recipe = join(other, 'recipe.yaml');
      const text = readFileSync(recipe, 'utf8').replace(
        /^( *)- rms_norm/m,
        (line, blanks) => `${blanks}${layer}\n${line}`,
      );
      writeFileSync(recipe, text);
      return other;
    });
    const { differences } = await compareRuns([runs[0]!, ...models]);
    const [none, silu, tanh, again] = differences.find(({ key }) => key === 'model')!.values;
    expect(new Set([none, silu, tanh]).size).toBe(3);
    expect(again).toBe(silu);
  });

  it('compare shows the other runs where one cannot be read, says what is wrong with that one, and fails', async () => {
    const broken = `${runs[0]}-broken`;
    cpSync(runs[0]!, broken, { recursive: true });
    const recipe = join(broken, 'recipe.yaml');
    writeFileSync(recipe, `plugins: [./gone.ts]\n${readFileSync(recipe, 'utf8')}`);
    const args = ['compare', broken, runs[0]!, tiny.root, runs[2]!];
    const { status, stdout, stderr } = await runInProcess(args);
    expect(status).toBe(1);
    expect(stdout.match(/^\d .*/gm)!.map((line) => line.split(/ +/)[1])).toEqual(
      [runs[0]!, runs[2]!].map((run) => basename(run)),
    );
    expect(stdout).toContain('\n  optimizer.lr  0.01 (1), 0.02 (2)\n');
    expect(stderr).toMatch(/^error: .*-broken\/recipe\.yaml:1:\d+: there is no plugin .*gone\.ts\n/);
    expect(stderr).toMatch(/\nerror: .* is neither a run directory nor a checkpoint of one\n/);
    const { stdout: json } = await runInProcess([...args, '--json']);
    expect(JSON.parse(json).unread).toEqual([
      { directory: broken, error: [expect.stringContaining('there is no plugin')] },
      { directory: tiny.root, error: [expect.stringContaining('neither a run'), expect.any(String)] },
    ]);
  });

  it('compare refuses what is no run, as wrong usage', async () => {
    const { status, stdout, stderr } = await runInProcess(['compare', tiny.root]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain('is neither a run directory nor a checkpoint of one');
  });
});
