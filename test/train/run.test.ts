import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { resumeRun, type SessionOptions } from '../../src/app/session.ts';
import { loadTrained } from '../../src/app/trained.ts';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import { recipeTraining } from '../../src/compose/recipe-training.ts';
import { loadRecipe } from '../../src/recipes/load.ts';
import { checkpointName, readCheckpoint, writeCheckpoint } from '../../src/train/checkpoint-files.ts';
import { runFiles } from '../../src/train/run-directory.ts';
import type { TensorEntry } from '../../src/train/safetensors.ts';
import { ODD_TEXT, trainOn } from '../data/workshop.ts';
import { RECIPE, TinyRun, wholeCheckpoints } from '../faults/tiny-run.ts';
import { editState } from './checkpoint-state.ts';

const made: TinyRun[] = [];
afterEach(() => {
  for (const tiny of made.splice(0)) tiny.remove();
});
afterAll(() => vi.unstubAllEnvs());

/** A small project; `change` of its recipe's text. */
function project(change: (recipe: string) => string = (recipe) => recipe): TinyRun {
  const tiny = new TinyRun(change(RECIPE));
  made.push(tiny);
  return tiny;
}

/** Trains up to and with step `last`, then stops as Ctrl-C does. */
async function trainUntil(tiny: TinyRun, last: number): Promise<string> {
  const abort = new AbortController();
  await tiny.train({
    signal: abort.signal,
    report: (event) => void (event.event === 'step' && event.step === last && abort.abort()),
  });
  return (await tiny.latest())!;
}

const checkpointOf = (run: string, step: number): string =>
  join(runFiles(run).checkpoints, checkpointName(step));

const linesOf = (run: string): { event: string; step: number; split?: string }[] =>
  readFileSync(runFiles(run).metrics, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

/** `eval valid 3`, `sample 3`: each evaluation and sample of a log, in its order. */
const resultsOf = (run: string): string[] =>
  linesOf(run)
    .filter(({ event }) => event === 'eval' || event === 'sample')
    .map(({ event, split, step }) => [event, split, step].filter((part) => part !== undefined).join(' '));

const samplesOf = (run: string): string[] =>
  readFileSync(runFiles(run).samples, 'utf8').match(/^--- step \d+$/gm) ?? [];

/** What resuming the project's run says. */
async function resumeNotices(tiny: TinyRun): Promise<string[]> {
  const notices: string[] = [];
  await (await tiny.open({ onNotice: (notice) => void notices.push(notice) })).close();
  return notices;
}

describe('a resumed run', () => {
  it('a run resumed from an older checkpoint reports that shuffled batches differ, and nothing for sequential order', async () => {
    for (const [order, expected] of [
      [
        'shuffled',
        [expect.stringMatching(/^The checkpoint is from a version of FlashLM in which `data.order`/)],
      ],
      ['sequential', []],
    ] as const) {
      const tiny = project((recipe) => recipe.replace('order: shuffled', `order: ${order}`));
      const run = await trainUntil(tiny, 2);
      expect(await resumeNotices(tiny)).toEqual([]);
      editState(checkpointOf(run, 2), (state) => void delete state.order);
      expect(await resumeNotices(tiny)).toEqual(expected);
    }
  });
});

describe('a run directory that was changed', () => {
  const swapMerges = (run: string) => {
    const { tokenizer: path } = runFiles(run);
    const json = JSON.parse(readFileSync(path, 'utf8'));
    json.model.merges.reverse();
    writeFileSync(path, JSON.stringify(json));
  };
  const use = async (run: string): Promise<string[]> => {
    const notices: string[] = [];
    (await loadTrained(run, [], (notice) => void notices.push(notice))).composed.dispose();
    return notices;
  };

  it('an unchanged run directory opens without a notice, even if its checkpoint is too old to name the tokenizer', async () => {
    const tiny = project();
    const run = await trainUntil(tiny, 1);
    expect(await use(run)).toEqual([]);
    editState(checkpointOf(run, 1), (state) => void delete state.tokenizer);
    expect(await use(run)).toEqual([]);
    expect(await resumeNotices(tiny)).toEqual([]);
  });

  it('a run whose tokenizer has other merges of the same size is neither used nor resumed', async () => {
    const tiny = project();
    const run = await trainUntil(tiny, 1);
    swapMerges(run);
    const message = 'The tokenizer is not the one that the run was trained with';
    const error = {
      message,
      where: runFiles(run).tokenizer,
      remedy: "Put the run's own tokenizer.json back.",
    };
    await expect(use(run)).rejects.toMatchObject(error);
    await expect(use(checkpointOf(run, 1))).rejects.toMatchObject(error);
    await expect(tiny.open()).rejects.toMatchObject(error);
  });

  it('a run whose tokenizer has more ids than the model is neither used nor resumed', async () => {
    const tiny = project();
    const run = await trainUntil(tiny, 1);
    await trainOn([ODD_TEXT, ODD_TEXT], 400).save(runFiles(run).tokenizer);
    const message = "The tokenizer has 400 ids, the run's has at most 280";
    await expect(use(run)).rejects.toThrow(message);
    await expect(tiny.open()).rejects.toThrow(message);
  });

  it('a changed recipe that fits the weights gives a notice', async () => {
    const tiny = project();
    const run = await trainUntil(tiny, 1);
    const { recipe } = runFiles(run);
    const before = readFileSync(recipe, 'utf8');
    writeFileSync(recipe, before.replace('activations: int8', 'activations: ternary'));
    expect(await use(run)).toEqual([expect.stringMatching(/^The recipe has changed since the checkpoint/)]);
    expect(await resumeNotices(tiny)).toEqual([
      expect.stringMatching(/^The recipe has changed since the checkpoint/),
    ]);
    // What only ends or watches a run changes no figure.
    writeFileSync(recipe, before.replace(/steps: 6/, 'steps: 9').replace(/max_tokens: 4/, 'max_tokens: 5'));
    expect(await use(run)).toEqual([]);
  });
});

describe('evaluations and samples of a run whose last step is due for both', () => {
  const due = () => project((recipe) => recipe.replace('sample: { every: 4', 'sample: { every: 3'));
  const END = ['eval train 6', 'eval valid 6', 'sample 6'];

  it('an evaluation and samples due at the last step are written once', async () => {
    const tiny = due();
    const seen: string[] = [];
    await tiny.train({
      report: ({ event, ...rest }) => void (event === 'eval' && seen.push((rest as { split: string }).split)),
    });
    const run = (await tiny.latest())!;
    expect(resultsOf(run)).toEqual(['eval valid 3', 'sample 3', ...END]);
    expect(seen).toEqual(['valid', 'train', 'valid']);
    expect(samplesOf(run)).toEqual(['--- step 3', '--- step 6']);
    // Nothing is left to train: the end is written again, in place of what it wrote before.
    await tiny.train();
    expect(resultsOf(run)).toEqual(['eval valid 3', 'sample 3', ...END]);
    expect(samplesOf(run)).toEqual(['--- step 3', '--- step 6']);
  });

  it('an evaluation and samples due at an interrupted step or a step that another limit makes the last are written once', async () => {
    const tiny = due();
    const run = await trainUntil(tiny, 3);
    expect(resultsOf(run)).toEqual(['eval valid 3', 'sample 3']);
    const seen: string[] = [];
    const report: SessionOptions['report'] = (event) => void seen.push(event.event);
    const session = await resumeRun(run, { onNotice: () => {}, report }, ['train.steps=2']);
    await session.run.run();
    await session.close();
    expect(resultsOf(run)).toEqual(['eval valid 3', 'sample 3', 'eval train 3']);
    expect(samplesOf(run)).toEqual(['--- step 3']);
    // Whoever listens hears of all of them.
    expect(seen).toEqual(['eval', 'eval', 'sample', 'done']);
    await tiny.train();
    expect(resultsOf(run)).toEqual(['eval valid 3', 'sample 3', 'eval train 3', ...END]);
    expect(samplesOf(run)).toEqual(['--- step 3', '--- step 6']);
  });
});

describe('what a recipe says of training', () => {
  it('training clips gradients as the recipe says', async () => {
    const sgd = (recipe: string) =>
      recipe.replace('type: adamw', 'type: sgd').replace('steps: 6, ', 'steps: 1, ');
    const gradient = async (change: (recipe: string) => string): Promise<number> => {
      const session = await project((recipe) => change(sgd(recipe))).open();
      await session.run.run();
      const [velocity] = session.composed.optimizerPlan.slots;
      // After one step momentum is the gradient that the update was made of.
      const norm = Math.hypot(...velocity!.flat.data);
      await session.close();
      return norm;
    };
    expect(await gradient((recipe) => recipe)).toBeGreaterThan(0.01);
    const clipped = await gradient((recipe) => recipe.replace('seed: 1', 'seed: 1, clip: 0.001'));
    expect(clipped).toBeCloseTo(0.001, 8);
  });

  it('training without a run directory clips gradients, with the same optimiser', async () => {
    const recipe = await loadRecipe('v61-debug', { set: ['train.clip=0.25'] });
    const batches = { fill: () => {} };
    const { options } = recipeTraining(recipe, batches, 64)(createReferenceBackend('f32'), 'dense');
    expect(options.clip).toBe(0.25);
  });
});

describe('a checkpoint', () => {
  it.each([
    ['weights', 'parameters'],
    ["the optimiser's memory", 'square'],
  ])('no checkpoint is written of %s that stopped being finite in the last update', async (_, slot) => {
    const tiny = project();
    const session = await tiny.open({
      hooks: [
        {
          onStep: ({ step }) => {
            if (step < 6) return;
            const { model, optimizerPlan } = session.composed;
            const flat =
              slot === 'parameters'
                ? model.store.values
                : optimizerPlan.slots.find(({ name }) => name === slot)!.flat;
            flat.data[0] = Number.NaN;
          },
        },
      ],
    });
    const message = `step 6: the update left ${slot} that are not finite numbers`;
    await expect(session.run.run()).rejects.toThrow(message);
    await session.close();
    expect(await wholeCheckpoints((await tiny.latest())!)).not.toContain(6);
  });

  it('a checkpoint of another model is refused, naming a tensor that this model does not have', async () => {
    const tiny = project();
    const run = await trainUntil(tiny, 1);
    const { model, optimizer, state, close } = await readCheckpoint(checkpointOf(run, 1));
    const entries = async (file: typeof model) =>
      Promise.all(
        [...file.tensors.keys()].map(async (name) => {
          const { dtype, shape } = file.info(name);
          return { name, dtype, shape, data: (await file.read(name)).data } as TensorEntry;
        }),
      );
    const contents = { model: await entries(model), optimizer: await entries(optimizer), state };
    await close();
    const foreign = { name: 'blocks.7.gain', dtype: 'F32', shape: [2], data: new Float32Array(2) } as const;
    await writeCheckpoint(runFiles(run).checkpoints, 1, { ...contents, model: [...contents.model, foreign] });
    await expect(loadTrained(run, [], () => {})).rejects.toThrow(
      "the checkpoint holds blocks.7.gain, which the recipe's model does not have",
    );
  });
});
