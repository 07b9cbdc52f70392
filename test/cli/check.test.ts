import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nativeStatus } from '../../src/backends/native/index.ts';
import { runInProcess } from './fake-terminal.ts';

let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'flashlm-cli-check-'));
});

afterAll(() => rm(dir, { recursive: true, force: true }));

async function recipe(name: string, lines: readonly string[]): Promise<string> {
  const file = join(dir, name);
  await writeFile(file, `${lines.join('\n')}\n`);
  return file;
}

describe('flashlm check', () => {
  it('check shows v6.1 layer by layer: shapes, parameters, ternary share, work, memory, token-wise', async () => {
    const { status, stdout, stderr } = await runInProcess(['check', 'v61']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^layer +type +shape +parameters +ternary +MACs\/token$/m);
    expect(stdout).toMatch(/^embedding +embedding +1 → 192 +196,608 +0\.0%$/m);
    expect(stdout).toMatch(/^blocks\.0\.up +ternary_linear +192 → 384 +73,728 +100\.0% +73,728$/m);
    expect(stdout).toMatch(/^tied_head +tied_head +192 → 1,024 +196,608$/m);
    expect(stdout).toMatch(/^parameters +1,082,496, 81\.7% ternary$/m);
    expect(stdout).toMatch(/^memory +[\d.]+ MB to train \(parameters /m);
    expect(stdout).toMatch(/^token-wise +yes/m);
    expect(stdout).not.toMatch(/^documents/m);
    expect(stdout).not.toMatch(/^in training/m);
    expect(stdout).toMatch(/^compute +f32$/m);
  });

  it('check shows repeated blocks once, and says which others are the same', async () => {
    const repeated = (times: number) =>
      runInProcess(['check', 'v61-debug', '--set', `model.1.repeat=${times}`]);
    const six = await repeated(6);
    expect(six.stdout).toContain('(blocks.1 to blocks.5 are the same)');
    expect(six.stdout).not.toMatch(/^blocks\.1\./m);
    expect((await repeated(2)).stdout).toContain('(blocks.1 is the same)');
    expect((await repeated(1)).stdout).not.toContain('the same)');
  });

  it("check counts the memory of the recipe's training backend, or of the reference where it is not available", async () => {
    const memoryOn = async (backend: string) => {
      const { status, stdout } = await runInProcess(['check', 'v61-debug', '--set', `backend=${backend}`]);
      expect(status).toBe(0);
      return stdout.match(/^memory .*$/m)![0];
    };
    const reference = await memoryOn('reference');
    expect(reference).not.toContain(', kernels ');
    const elsewhere = process.arch === 'arm64' ? 'native:avx2' : 'native:neon';
    expect(await memoryOn(elsewhere)).toBe(reference);
    if (nativeStatus().available)
      expect(await memoryOn('checked(native)')).toMatch(/, kernels [\d.]+ [kM]B, /);
  });

  it('check measures how many steps a time budget holds, and warns if they end within the warm-up', async () => {
    const sets = ['backend=reference', 'train={ budget: 0.1s }', 'schedule.warmup_steps=1000000'];
    const { stdout } = await runInProcess(['check', 'v61-debug', ...sets.flatMap((set) => ['--set', set])]);
    expect(stdout).toMatch(
      /^ends +0\.1 s of training, in steps of 256 tokens; 0\.1 s hold about [\d,]+ steps? here$/m,
    );
    expect(stdout).toMatch(
      /^warning: the run ends after about [\d,]+ steps?, .* rises for 1,000,000 before/m,
    );
  });

  it('check warns of a text so small that its epochs end within the warm-up, without reading it', async () => {
    const { stdout } = await runInProcess(['check', 'v61-debug', '--set', 'train={ epochs: 0.01 }']);
    expect(stdout).toMatch(/^ends +0\.01 epochs, in steps of 256 tokens$/m);
    expect(stdout).toMatch(
      /^warning: the run ends after about \d steps, and the learning rate rises for 10 before/m,
    );
  });

  it('check names the layer that mixes tokens', async () => {
    const { stdout } = await runInProcess(['check', 'shift']);
    expect(stdout).toMatch(/^token-wise +no: shift sees other tokens$/m);
    expect(stdout).toMatch(
      /^documents +state crosses from one to the next in training only, not in evaluation$/m,
    );
  });

  it('check says of dropout that it draws numbers, not that it sees other tokens', async () => {
    const model = (more: string) => [
      '--set',
      `model=[{embedding: {vocab: 300, dim: 8}}, {residual: [rms_norm, {dropout: 0.5}${more}]}, tied_head]`,
    ];
    const { stdout } = await runInProcess(['check', 'v61-debug', ...model('')]);
    expect(stdout).toMatch(
      /^token-wise +in evaluation only: \S*dropout draws numbers for each token in training/m,
    );
    expect(stdout).not.toMatch(/^documents/m);
    const both = await runInProcess(['check', 'v61-debug', ...model(', token_shift')]);
    expect(both.stdout).toMatch(/^token-wise +no: \S*shift sees other tokens$/m);
  });

  it.each([
    [
      'weight_decay_schedule={type: phases, phases: [{share: 0.5, schedule: linear}]}',
      'the shares of the phases add up to 0.5, not to 1',
    ],
    [
      'weight_decay_schedule={type: phases, phases: [{share: 1, schedule: {type: linear, warmup_steps: 3}}]}',
      'a phase has no warm-up steps',
    ],
    [
      'weight_decay_schedule={type: phases, phases: [{share: 1, schedule: {type: linear, min_lr: 0.1}}]}',
      "weight_decay_schedule ends at a factor, not at a rate: give 'floor' in place of min_lr",
    ],
    [
      'optimizer={type: groups, groups: [{match: nothing, lr: 2}], otherwise: {type: sgd, lr: 0.01}}',
      'no parameter matches',
    ],
  ])('check reports what making the parts of a recipe finds wrong: %s', async (set, message) => {
    const { status, stderr } = await runInProcess(['check', 'v61-debug', '--set', set]);
    expect(stderr).toContain(message);
    expect(status).not.toBe(0);
  });

  it('check names blends with their ramp, and every dropout, among what only training does', async () => {
    const linear = '{ternary_linear: {name: up, out: 16, blend: {start: 0.1, end: 0.4}}}';
    const model =
      `[{embedding: {vocab: 300, dim: 16}}, {dropout: 0.1}, {repeat: 2, layers: [{residual: [${linear}]}]}, ` +
      '{ternary_linear: {out: 48, activations: none, blend: {start: 0.25, end: 0.25}}}, ' +
      '{attention: 2, dropout: 0.2}, tied_head]';
    const args = [
      'check',
      'v61-debug',
      '--set',
      `model=${model}`,
      '--set',
      'data.seq_len=8',
      '--set',
      'causal=false',
    ];
    const { stdout, status } = await runInProcess(args);
    expect(status).toBe(0);
    expect(stdout.match(/^in training.*$/gm)!.map((line) => line.replace(/^in training +/, ''))).toEqual([
      'dropout of 10.0%: dropout',
      'weights fade from float at 10.0% of the run to wholly ternary at 40.0%: blocks.*.up',
      'float weights until 25.0% of the run is done, then ternary ones: ternary_linear',
      'dropout of 20.0%: attention',
    ]);
    const { layers } = JSON.parse((await runInProcess([...args, '--json'])).stdout);
    const inTraining = layers.map((layer: { inTraining?: object }) => layer.inTraining);
    expect(inTraining.filter(Boolean)).toEqual([
      { dropout: 0.1 },
      { blend: { start: 0.1, end: 0.4 } },
      { blend: { start: 0.1, end: 0.4 } },
      { blend: { start: 0.25, end: 0.25 } },
      { dropout: 0.2 },
    ]);
  });

  it('check says what crosses from one document to the next where the recipe resets or aligns them', async () => {
    const set = ['--set', 'data.documents=reset', '--set', 'data.align=true'];
    const { stdout } = await runInProcess(['check', 'shift', ...set]);
    expect(stdout).toMatch(
      /^documents +no state crosses from one to the next; training sequences begin at documents$/m,
    );
  });

  it('prints every layer and the totals with --json', async () => {
    const { stdout } = await runInProcess(['check', 'v61', '--json']);
    const report = JSON.parse(stdout);
    expect(Object.keys(report)).toEqual([
      'name',
      'sizes',
      'layers',
      'parameters',
      'ternaryShare',
      'macsPerToken',
      'tokenWise',
      'memory',
      'compute',
      'causality',
    ]);
    expect(report).toMatchObject({ name: 'v6.1 SUPERNOVA II', parameters: 1_082_496, tokenWise: true });
    const sum = (key: string) =>
      report.layers.reduce((total: number, layer: Record<string, number>) => total + layer[key]!, 0);
    expect(sum('parameters')).toBe(report.parameters);
    expect(sum('ternary') / report.parameters).toBeCloseTo(report.ternaryShare, 12);
    expect(sum('macs')).toBe(report.macsPerToken);
    expect(report.layers).toHaveLength(27);
  });

  it('check prints a filled recipe that is itself a recipe', async () => {
    const { stdout } = await runInProcess(['check', 'v61-debug', '--filled', '--set', 'optimizer.lr=0.02']);
    expect(stdout).toContain('lr: 0.02');
    const file = await recipe('filled.yaml', [stdout]);
    const [before, after] = await Promise.all([
      runInProcess(['check', 'v61-debug', '--json']),
      runInProcess(['check', file, '--json']),
    ]);
    expect(JSON.parse(after.stdout)).toEqual(JSON.parse(before.stdout));
  });

  it('check reports all errors of a recipe at once, each with its place and the nearest valid name', async () => {
    const file = await recipe('wrong.yaml', [
      'extends: v61',
      'optimizer: { type: sgd, lr: fast }',
      'schedule: { type: cosin }',
      'trian: { steps: 3 }',
    ]);
    const { status, stdout, stderr } = await runInProcess(['check', file]);
    expect(status).toBe(1);
    expect(stdout).toBe('');
    const lines = stderr.trim().split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(/^error: .*wrong\.yaml:2:29: .*lr.*number/);
    expect(lines[1]).toMatch(/^error: .*wrong\.yaml:3:19: .*cosin.*did you mean 'cosine'/);
    expect(lines[2]).toMatch(/^error: .*wrong\.yaml:4:1: .*trian.*did you mean 'train'/);
  });

  it.each([
    ['a name that is no recipe', ['v61-a9'], 2, /no recipe 'v61-a9'.*did you mean 'v61-a8'/],
    ['a file that is not there', ['missing.yaml'], 2, /missing\.yaml/],
    [
      'a change of an unknown key',
      ['v61', '--set', 'optimizer.lrr=1'],
      2,
      /--set optimizer\.lrr=1: .*did you mean 'lr'/,
    ],
    ['a change without a value', ['v61', '--set', 'optimizer.lr'], 2, /key=value/],
  ])('check refuses %s', async (_, args, status, message) => {
    const result = await runInProcess(['check', ...args]);
    expect(result).toMatchObject({ status, stdout: '', stderr: expect.stringMatching(message) });
  });

  it('check reports a file that is not YAML as a failure, with its place', async () => {
    const file = await recipe('broken.yaml', ['model: [']);
    const { status, stderr } = await runInProcess(['check', file]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/broken\.yaml:\d+:\d+: /);
  });
});
