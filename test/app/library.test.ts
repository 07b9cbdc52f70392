import { join } from 'node:path';
import {
  type BackendAgreement,
  compareBackends,
  evaluateText,
  generateText,
  loadRecipe,
  loadTrained,
  resumeTraining,
  streamText,
  type TrainEvent,
  trainRecipe,
} from 'flashlm';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { runInProcess } from '../cli/fake-terminal.ts';
import { TinyRun } from '../faults/tiny-run.ts';

const QUIET = { onNotice: () => {} };

const tiny = new TinyRun();
let run: string;
const events: TrainEvent[] = [];

beforeAll(async () => {
  const done = await trainRecipe(tiny.recipe, {
    out: tiny.runs,
    set: ['train.steps=3'],
    report: (event) => events.push(event),
    ...QUIET,
  });
  expect(done).toMatchObject({ step: 3, ending: 'steps' });
  run = done.runDir;
});
afterAll(() => {
  vi.unstubAllEnvs();
  tiny.remove();
});

const json = async (...args: string[]) => JSON.parse((await runInProcess([...args, '--json'])).stdout);

describe('the library', () => {
  it('trains a recipe, reports every event, and goes on with the run', async () => {
    expect(events.filter(({ event }) => event === 'step')).toHaveLength(3);
    expect(await resumeTraining(run, { set: ['train.steps=4'], ...QUIET })).toMatchObject({ step: 4 });
  });

  it('scores a run as the command does', async () => {
    const { event, documents } = await evaluateText(run, QUIET);
    expect(event).toEqual(await json('eval', run));
    expect(documents).toBeGreaterThan(0);
  });

  it('writes the text of a seed as the command does, at once or token by token', async () => {
    const options = { seed: 7, maxTokens: 12 };
    const whole = await generateText(run, 'The cat', { ...options, ...QUIET });
    const args = ['generate', run, '--prompt', 'The cat', '--seed', '7', '--max-tokens', '12'];
    expect(await json(...args)).toMatchObject({ ...whole });
    const trained = await loadTrained(run, [], QUIET.onNotice);
    expect(await generateText(trained, 'The cat', options)).toEqual(whole);
    expect(`The cat${[...streamText(trained, { prompt: 'The cat', ...options })].join('')}`).toBe(whole.text);
    trained.composed.dispose();
  });

  it('compares backends call by call', async () => {
    const recipe = await loadRecipe(tiny.recipe);
    const found: BackendAgreement[] = [];
    for await (const agreement of compareBackends(recipe, { backends: ['reference'], ...QUIET }))
      found.push(agreement);
    expect(found).toMatchObject([{ backend: 'reference', against: 'reference:f64', steps: 1 }]);
    expect(found[0]!.ops.length).toBeGreaterThan(10);
  });

  it('refuses a run that is not there in a sentence', async () => {
    await expect(generateText(join(tiny.runs, 'nothing'), 'x')).rejects.toThrow(/not|no /);
  });
});
