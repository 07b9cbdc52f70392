import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { nativeStatus } from '../../src/backends/native/index.ts';
import { leakyRecipe } from '../verify/leaky-recipe.ts';
import { runInProcess } from './fake-terminal.ts';

const DECLARED = ['--set', 'causal=false'];

let dir: string;
let leaky: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'flashlm-cli-causal-'));
  leaky = await leakyRecipe(dir, 'sees_next');
  vi.stubEnv('FLASHLM_CACHE', join(dir, 'cache'));
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(dir, { recursive: true, force: true });
});

/** The lines of `text` that begin with the word `causal`. */
const causalLines = (text: string): string[] => text.split('\n').filter((line) => /^causal /.test(line));

const evalEvents = (text: string): { causal: unknown }[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .filter(({ event }) => event === 'eval');

describe('flashlm check', () => {
  it.each([
    [[], 1],
    [['--causal'], nativeStatus().available ? 2 : 1],
  ])('check refuses a leak with %j, naming the layer and the remedy', async (flags, backends) => {
    const { status, stdout, stderr } = await runInProcess(['check', leaky, ...flags]);
    expect(status).toBe(1);
    const lines = causalLines(stdout);
    expect(lines).toHaveLength(backends);
    expect(lines[0]).toMatch(/^causal +no: a row sees a later token: .*; first in sees_next \(reference\)$/);
    if (backends === 2) expect(lines[1]).toMatch(/ no: .*; first in sees_next \(native:/);
    expect(stderr.trim().split('\n')).toEqual([
      expect.stringMatching(
        /^error: The model is not causal: a row sees a later token: with token \d+ changed, /,
      ),
      '  at sees_next (sees_next), on reference',
      expect.stringMatching(/^ {2}Mend the layer, or say "causal: false" in the recipe/),
    ]);
  });

  it('check says which coupling a layer must declare that declared a wrong one', async () => {
    const { status, stderr } = await runInProcess(['check', await leakyRecipe(dir, 'says_row')]);
    expect(status).toBe(1);
    expect(stderr).toContain('it calls itself token-wise, and a row sees an earlier token');
    expect(stderr).toContain("Give the layer the coupling 'sequence'");
  });

  it('check accepts a recipe that declares that its model leaks', async () => {
    const { status, stdout, stderr } = await runInProcess(['check', leaky, '--causal', ...DECLARED]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(causalLines(stdout)[0]).toMatch(/^causal +no: /);
  });

  it('check reports a declared leak that it does not find', async () => {
    const { status, stdout, stderr } = await runInProcess(['check', 'v61-debug', ...DECLARED]);
    expect(status).toBe(0);
    expect(causalLines(stdout)).toEqual([
      expect.stringMatching(/^causal +yes: .* \(2 sequences of 32 tokens, 8 changes, reference\)$/),
    ]);
    expect(stderr).toMatch(/^The recipe says "causal: false", and no row sees a later token: .*\n$/);
  });

  it('check says what it did not check', async () => {
    const large = ['v61', '--set', 'model.1.repeat=20'];
    const { status, stdout } = await runInProcess(['check', ...large]);
    expect(status).toBe(0);
    expect(causalLines(stdout)).toEqual([expect.stringMatching(/not tried, .*--causal/)]);
  });

  it('prints what was found with --json', async () => {
    const { status, stdout, stderr } = await runInProcess(['check', leaky, '--json']);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^error: /);
    const { causality } = JSON.parse(stdout);
    expect(causality).toEqual({
      claimed: true,
      results: [
        {
          backend: 'reference',
          causal: false,
          leak: expect.objectContaining({
            kind: 'later token',
            layer: { path: 'sees_next', type: 'sees_next' },
          }),
          tokenWise: false,
          nonFinite: null,
          tokens: 16,
          changes: 8,
        },
      ],
    });
    const declared = await runInProcess(['check', leaky, '--json', ...DECLARED]);
    expect(declared.status).toBe(0);
    expect(JSON.parse(declared.stdout).causality).toEqual({ ...causality, claimed: false });
  });
});

describe('flashlm train', () => {
  it('train refuses a leak before it creates anything', async () => {
    const out = join(dir, 'refused');
    const { status, stdout, stderr } = await runInProcess(['train', leaky, '--out', out]);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/^error: The model is not causal: .*\n {2}at sees_next .*\n {2}Mend the layer/);
    expect(existsSync(out)).toBe(false);
  });

  it('every score of a recipe that declares a leak is marked, in every output', async () => {
    const out = join(dir, 'declared');
    const { status, stdout, stderr } = await runInProcess(['train', leaky, '--out', out, ...DECLARED]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const [progress, summary] = stdout.split('Done after 4 steps');
    expect(progress).toMatch(
      /^step 2 {2}valid: .* PPL \d+\.\d\d \(not causal\) {2}BPC [\d.]+ \(not causal\) {2}BPB [\d.]+ \(/m,
    );
    const marked = String.raw`[\d.]+ \(not causal\)`;
    for (const split of ['train', 'valid'])
      expect(summary).toMatch(new RegExp(`^${split} +\\d+\\.\\d{4}( +${marked}){3} `, 'm'));
    expect(summary).toMatch(/^\(loss in nats a token; not causal: the model may see what it predicts, /m);

    const run = join(out, (await readdir(out))[0]!);
    const logged = evalEvents(await readFile(join(run, 'metrics.jsonl'), 'utf8'));
    expect(logged.length).toBeGreaterThan(2);
    expect(new Set(logged.map(({ causal }) => causal))).toEqual(new Set([false]));
    expect(await readFile(join(run, 'recipe.yaml'), 'utf8')).toMatch(/^causal: false$/m);

    const scores = await runInProcess(['eval', run]);
    expect(scores.stdout).toMatch(/^PPL +\d+\.\d{3} \(not causal\) \(comparable /m);
    expect(scores.stdout).toMatch(
      /^BPC +[\d.]+ \(not causal\) bits a character\nBPB +[\d.]+ \(not causal\) bits/m,
    );
    const json = await runInProcess(['eval', run, '--json']);
    expect(evalEvents(json.stdout)).toEqual([expect.objectContaining({ causal: false })]);
  });

  it('no score of a causal model is marked, and its weights do not depend on the declaration', async () => {
    const recipe = await leakyRecipe(dir, 'sees_before');
    const weights: Buffer[] = [];
    for (const [name, flags] of [
      ['says-yes', []],
      ['says-no', DECLARED],
    ] as const) {
      const out = join(dir, name);
      const { status, stdout } = await runInProcess(['train', recipe, '--out', out, ...flags]);
      expect(status).toBe(0);
      expect(stdout.includes('not causal')).toBe(flags.length > 0);
      const run = join(out, (await readdir(out))[0]!);
      weights.push(await readFile(join(run, 'checkpoints', 'step-00000004', 'model.safetensors')));
      if (flags.length) continue;
      const logged = evalEvents(await readFile(join(run, 'metrics.jsonl'), 'utf8'));
      expect(new Set(logged.map(({ causal }) => causal))).toEqual(new Set([true]));
    }
    // Neither the gate, which ran for the first alone, nor the key leaves a trace.
    expect(weights[0]!.equals(weights[1]!)).toBe(true);
  });
});
