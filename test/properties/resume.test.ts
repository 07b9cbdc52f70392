import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { resumeRun, startRun } from '../../src/app/session.ts';
import { loadRecipe } from '../../src/recipes/load.ts';
import type { TrainEvent } from '../../src/train/events.ts';
import { ISAS } from './models.ts';

const folder = mkdtempSync(join(tmpdir(), 'flashlm-resume-'));
afterAll(() => rmSync(folder, { recursive: true }));

const STEPS = 7;
const quiet = { onNotice: () => {} };

interface Outcome {
  readonly weights: Buffer;
  readonly optimizer: Buffer;
  /** What the run logged of each step, without what depends on the clock. */
  readonly steps: readonly (readonly [step: number, loss: number, lr: number])[];
}

/** Trains to the end in as many sittings as there are numbers in `stops`, each ended after that step. */
async function train(name: string, set: readonly string[], stops: readonly number[]): Promise<Outcome> {
  const recipe = await loadRecipe(name, {
    set: [
      `train={ steps: ${STEPS} }`,
      `data.cache_dir=${folder}/cache`,
      'checkpoint.every=2',
      // Threads share the rows of a native step.
      `data.batch=${set.includes('backend=native') ? 16 : 4}`,
      // The look for leaks keeps nothing that a resumed run could miss.
      'causal=false',
      'eval.tokens=500',
      // The learning rate must have begun to fall before the first interruption ends.
      'schedule.warmup_steps=2',
      ...set,
    ],
  });
  let path: string | undefined;
  for (const stop of [...stops, STEPS]) {
    const abort = new AbortController();
    const report = (event: TrainEvent): void => {
      if (event.event === 'step' && event.step === stop && stop < STEPS) abort.abort();
    };
    const session = path
      ? await resumeRun(path, { ...quiet, report })
      : await startRun(recipe, join(folder, 'runs'), { ...quiet, report });
    path = session.directory.path;
    const { ending } = await session.run.run(abort.signal);
    expect(ending).toBe(stop < STEPS ? 'interrupted' : 'steps');
    await session.close();
  }
  const checkpoint = join(path!, 'checkpoints', `step-0000000${STEPS}`);
  const events = readFileSync(join(path!, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((l) => JSON.parse(l));
  return {
    weights: readFileSync(join(checkpoint, 'model.safetensors')),
    optimizer: readFileSync(join(checkpoint, 'optimizer.safetensors')),
    steps: events.filter((e) => e.event === 'step').map((e) => [e.step, e.loss, e.lr] as const),
  };
}

const CASES: readonly (readonly [string, readonly string[]])[] = [
  ['v61-debug', ['backend=reference']],
  ['shift', ['backend=reference', 'data.seq_len=16']],
  ['v61-debug', ['backend=reference', 'compute=int8']],
  ...(ISAS.length
    ? [
        ['v61-debug', ['backend=native']] as const,
        ['shift', ['backend=native']] as const,
        // Where this machine is not faster in it, that is float32 once more.
        ['v61-debug', ['backend=native', 'compute=int8']] as const,
      ]
    : []),
];

describe.each(CASES)('%s %j', (name, set) => {
  it('a run ends with the same bytes whether or not it was interrupted', async () => {
    const whole = await train(name, set, []);
    const interrupted = await train(name, set, [1, 4]);
    expect(whole.steps.map(([step]) => step)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(interrupted.steps).toEqual(whole.steps);
    expect(interrupted.weights.equals(whole.weights)).toBe(true);
    expect(interrupted.optimizer.equals(whole.optimizer)).toBe(true);
  });

  if (!set.includes('backend=native')) return;
  it('a run ends with the same bytes on 1 and 2 threads', async () => {
    const one = await train(name, [...set, 'train.threads=1'], []);
    const two = await train(name, [...set, 'train.threads=2'], [3]);
    expect(two.steps).toEqual(one.steps);
    expect(two.weights.equals(one.weights)).toBe(true);
  });
});
