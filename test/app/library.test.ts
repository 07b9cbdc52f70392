import { join } from 'node:path';
import {
  type BackendAgreement,
  checkGradients,
  compareBackends,
  evaluateText,
  generateText,
  generateTexts,
  loadRecipe,
  loadTrained,
  prepareData,
  resumeRun,
  resumeTraining,
  startRun,
  streamText,
  type TernaryMatrix,
  type TrainEvent,
  ternaryWeights,
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

async function collected<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of values) all.push(value);
  return all;
}

const json = async (...args: string[]) => JSON.parse((await runInProcess([...args, '--json'])).stdout);

describe('the library', () => {
  it('trains a recipe, reports every event, and resumes the run', async () => {
    expect(events.filter(({ event }) => event === 'step')).toHaveLength(3);
    expect(await resumeTraining(run, { set: ['train.steps=4'], ...QUIET })).toMatchObject({ step: 4 });
  });

  it('the library scores a run as the command does', async () => {
    const { event, documents } = await evaluateText(run, QUIET);
    expect(event).toEqual(await json('eval', run));
    expect(documents).toBeGreaterThan(0);
  });

  it('the library writes the text of a seed as the command does, at once or token by token', async () => {
    const options = { seed: 7, maxTokens: 12 };
    const whole = await generateText(run, 'The cat', { ...options, ...QUIET });
    const args = ['generate', run, '--prompt', 'The cat', '--seed', '7', '--max-tokens', '12'];
    expect(await json(...args)).toMatchObject({ ...whole });
    const trained = await loadTrained(run, [], QUIET.onNotice);
    expect(await generateText(trained, 'The cat', options)).toEqual(whole);
    expect(`The cat${[...streamText(trained, { prompt: 'The cat', ...options })].join('')}`).toBe(whole.text);
    trained.composed.dispose();
  });

  it('the library writes many texts as the command does, each the same as when written alone', async () => {
    const alone = { seed: 7, maxTokens: 12, ...QUIET };
    const options = { ...alone, count: 2 };
    const prompts = ['The cat', 'A dog'];
    const shares: number[] = [];
    const onProgress = ({ share }: { share: number }) => void shares.push(share);
    const texts = await collected(generateTexts(run, prompts, { ...options, batch: 3, onProgress }));
    expect(texts.map(({ prompt, index }) => [prompt, index])).toEqual(
      prompts.flatMap((prompt) => [0, 1].map((index) => [prompt, index])),
    );
    for (const { index, ...text } of texts) {
      expect(text).toEqual(await generateText(run, text.prompt, { ...alone, seed: 7 + index }));
    }
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect(shares.at(-1)).toBe(1);
    const largest = Number.MAX_SAFE_INTEGER;
    const wrapped = await collected(generateTexts(run, ['x'], { ...options, seed: largest }));
    expect(wrapped.map(({ seed }) => seed)).toEqual([largest, 0]);
    const aborted = { ...options, signal: AbortSignal.abort() };
    expect(await collected(generateTexts(run, prompts, aborted))).toEqual([]);
  });

  it('the library compares backends call by call', async () => {
    const recipe = await loadRecipe(tiny.recipe);
    const found: BackendAgreement[] = [];
    for await (const agreement of compareBackends(recipe, { backends: ['reference'], ...QUIET }))
      found.push(agreement);
    expect(found).toMatchObject([{ backend: 'reference', against: 'reference:f64', steps: 1 }]);
    expect(found[0]!.ops.length).toBeGreaterThan(10);
  });

  it('ternaryWeights gives the codes and scales that evaluation multiplies by, made from the trained weights', async () => {
    const trained = await loadTrained(run, [], QUIET.onNotice);
    const { model } = trained.composed;
    const multiplied = vi.spyOn(model.backend.kernels, 'ternaryMatmul');
    await evaluateText(trained);
    const exported = await ternaryWeights(run, QUIET);
    expect(exported.map(({ name, rows, cols }) => [name, rows, cols])).toEqual([
      ['ternary_linear.weight', 8, 8],
    ]);
    const [{ codes, scales }] = exported as [TernaryMatrix];
    expect(multiplied).toHaveBeenCalled();
    for (const [, , w] of multiplied.mock.calls) {
      expect(w.codes.data).toEqual(codes);
      expect(w.scale.data).toEqual(scales);
    }
    const master = model.store.all.find(({ quantised }) => quantised)!.value.data as Float32Array;
    const mean = master.reduce((sum, w) => sum + Math.abs(w), 0) / master.length;
    expect(scales[0]).toBeCloseTo(mean, 6);
    expect([...codes]).toEqual([...master].map((w) => (Math.abs(w) > mean / 2 ? Math.sign(w) : 0)));
    multiplied.mockRestore();
    trained.composed.dispose();
  });

  it("the library's error message names a run that does not exist", async () => {
    const path = join(tiny.runs, 'nothing');
    await expect(generateText(path, 'x')).rejects.toThrow(`There is no run ${path}`);
  });
});

describe('an invalid run', () => {
  it.each([
    ['a backend', 'backend=native:none', /native/],
    ['a text', 'data.source=none.txt', /none\.txt|exist|no such/i],
  ])('an invalid run is refused for %s before slow work begins', async (_, set, message) => {
    const tasks: string[] = [];
    const onTask = (task: string) => void tasks.push(task);
    const options = { out: tiny.runs, onTask, ...QUIET };
    await expect(trainRecipe(tiny.recipe, { ...options, set: [set] })).rejects.toThrow(message);
    expect(tasks).toEqual([]);
    await trainRecipe(tiny.recipe, { ...options, set: ['train.steps=1', 'causal=true'] });
    expect(new Set(tasks)).toEqual(new Set(['checking that no row sees a later token']));
  });
});

describe('the library, called with wrong types', () => {
  const given = (value: unknown): never => value as never;
  const trained = given({ composed: 1, tokenizer: 1 });
  const SESSION = { report: () => {}, onNotice: () => {} };
  it.each<[string, () => unknown, string]>([
    [
      'evaluateText',
      () => evaluateText(given({})),
      "'run' must be the directory of a run, or a model from loadTrained, found a map",
    ],
    ['evaluateText', () => evaluateText(given(undefined)), "'run' is missing in the arguments"],
    [
      'evaluateText',
      () => evaluateText('x', given({ dta: 'a.txt' })),
      "unknown key 'dta' in the options; did you mean 'data'?",
    ],
    ['evaluateText', () => evaluateText('x', given(5)), 'the options must be a map, found 5'],
    [
      'ternaryWeights',
      () => ternaryWeights('x', given({ sett: [] })),
      "unknown key 'sett' in the options; did you mean 'set'?",
    ],
    ['generateText', () => generateText('x', given(7)), "'prompt' must be text, found 7"],
    ['generateText', () => generateText('x', 'y', { topK: 0 }), "'topK' must be at least 1, found 0"],
    [
      'generateText',
      () => generateText('x', 'y', given({ prompt: 'z' })),
      "unknown key 'prompt' in the options",
    ],
    ['generateTexts', () => generateTexts('x', given('y')), "'prompts' must be a list, found 'y'"],
    ['generateTexts', () => generateTexts('x', []), "'prompts' must"],
    ['generateTexts', () => generateTexts('x', ['y'], { count: 0 }), "'count' must be at least 1, found 0"],
    ['generateTexts', () => generateTexts('x', ['y'], given({ batch: 'all' })), "'batch' must be"],
    [
      'streamText',
      () => streamText(given('runs/x')),
      "'trained' must be a model from loadTrained, found 'runs/x'",
    ],
    ['streamText', () => streamText(trained, { seed: -1 }), "'seed' must be at least 0, found -1"],
    ['trainRecipe', () => trainRecipe('v61', given({ out: 5 })), "'out' must be text, found 5"],
    ['trainRecipe', () => trainRecipe('v61', given({ set: 'a=1' })), "'set' must be a list, found 'a=1'"],
    ['trainRecipe', () => trainRecipe('v61', given({ signal: new AbortController() })), "'signal' "],
    ['trainRecipe', () => trainRecipe('v61', given({ report: 1 })), "'report' must be a function, found 1"],
    ['resumeTraining', () => resumeTraining(''), "'directory' must be the directory of a run, found ''"],
    [
      'compareBackends',
      () => compareBackends(given('v61')),
      "'loaded' must be a recipe from loadRecipe, found 'v61'",
    ],
    [
      'loadRecipe',
      () => loadRecipe('v61', given({ sets: [] })),
      "unknown key 'sets' in the options; did you mean 'set'?",
    ],
    ['loadRecipe', () => loadRecipe(given(3)), "'recipe' must be text, found 3"],
    ['loadTrained', () => loadTrained(given(3), [], () => {}), "'directory' must be the directory of a run"],
    ['loadTrained', () => loadTrained('x', given('a=1'), () => {}), "'changes' must be a list, found 'a=1'"],
    ['loadTrained', () => loadTrained('x', [], given(undefined)), "'onNotice' "],
    ['startRun', () => startRun(given('v61'), 'x', SESSION), "'loaded' must be a recipe from loadRecipe"],
    [
      'startRun',
      () => startRun(given({ registry: 1, model: 1 }), 'x', given({ ...SESSION, on: 1 })),
      "unknown key 'on' in the options",
    ],
    ['startRun', () => startRun(given({ registry: 1, model: 1 }), 'x', given({})), "'report' is missing"],
    ['resumeRun', () => resumeRun('', SESSION), "'directory' must be the directory of a run, found ''"],
    ['resumeRun', () => resumeRun('x', given({ ...SESSION, report: 1 })), "'report' must be a function"],
    [
      'prepareData',
      () => prepareData(given({ files: 'a.txt', tokenizer: { file: 'b' } })),
      "'files' must be a list",
    ],
    ['prepareData', () => prepareData(given({ files: ['a'] })), "'tokenizer' "],
    [
      'prepareData',
      () => prepareData(given({ files: ['a'], tokenizer: { file: 'b' }, formt: 'text' })),
      "unknown key 'formt' in the options; did you mean 'format'?",
    ],
    [
      'checkGradients',
      async () => checkGradients(await loadRecipe('v61-debug'), given({ probes: 0 })),
      "'probes' must be at least 1, found 0",
    ],
  ])('%s reports a wrong argument: case %#', async (name, call, message) => {
    const error = await Promise.resolve()
      .then(call)
      .then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
    expect(error).toMatchObject({
      name: 'FlashError',
      exitCode: 2,
      message: expect.stringContaining(`${name}: ${message}`),
    });
  });

  it('changes to a model that is already open are refused, because they would have no effect', async () => {
    const set = ['train.threads=1'];
    await expect(trainRecipe(await loadRecipe(tiny.recipe), { set })).rejects.toThrow(
      /`set` has no effect .* loadRecipe/,
    );
    await expect(evaluateText(trained, { set })).rejects.toThrow(/`set` has no effect .* loadTrained/);
  });
});
