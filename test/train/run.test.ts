import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { checkpointName } from '../../src/train/checkpoint-files.ts';
import { runFiles } from '../../src/train/run-directory.ts';
import { RECIPE, TinyRun } from '../faults/tiny-run.ts';
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

/** What resuming the project's run says. */
async function resumeNotices(tiny: TinyRun): Promise<string[]> {
  const notices: string[] = [];
  await (await tiny.open({ onNotice: (notice) => void notices.push(notice) })).close();
  return notices;
}

describe('a run that goes on', () => {
  it('says that an older checkpoint had other shuffled batches, and nothing of one in sequential order', async () => {
    for (const [order, expected] of [
      [
        'shuffled',
        [expect.stringMatching(/^Another version of FlashLM wrote the checkpoint, in which `data.order`/)],
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
