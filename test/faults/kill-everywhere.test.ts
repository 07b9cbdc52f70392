import { readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { checkpointName } from '../../src/train/checkpoint-files.ts';
import { runFiles } from '../../src/train/run-directory.ts';
import { type FsCall, interpose } from './interpose.ts';
import { callsOf, momentsOf } from './moments.ts';
import { leftovers, type Outcome, outcomeOf, TinyRun, wholeCheckpoints } from './tiny-run.ts';

let tiny: TinyRun;
let whole: Outcome;

beforeAll(async () => {
  tiny = new TinyRun();
  await tiny.train();
  whole = outcomeOf((await tiny.latest())!);
});
afterAll(() => {
  vi.unstubAllEnvs();
  tiny.remove();
});

type Moment = 'half' | 'after';

/**
 * Trains until the `n`-th call that counts, and leaves the disk as a process leaves it that is killed there. Nothing
 * is returned when the run ended before.
 */
async function trainUntil(
  n: number,
  moment: Moment,
  counts: (call: FsCall) => boolean,
): Promise<FsCall | undefined> {
  let count = 0;
  let last: FsCall | undefined;
  let die!: () => void;
  const death = new Promise<void>((resolve) => {
    die = resolve;
  });
  const restore = await interpose({
    root: tiny.root,
    onEnd: die,
    decide: (call) => {
      if (last) return call.changes ? { end: 'before' } : undefined;
      if (!counts(call) || count++ < n) return undefined;
      last = call;
      return { end: moment };
    },
  });
  await Promise.race([tiny.train().catch(() => death), death]);
  await restore();
  await tiny.endProcess();
  return last;
}

/** Kills, resumes and compares at each moment. Returns the calls it was killed at. */
async function sweep(
  moment: Moment,
  folder: string,
  counts: (call: FsCall) => boolean,
  begin?: () => void,
): Promise<Set<string>> {
  const seen = new Set<string>();
  const prepare = begin ?? (() => tiny.clear({ cache: folder === tiny.cache }));
  const inFolder = (call: FsCall) => call.path.startsWith(folder) && counts(call);
  prepare();
  for (const n of momentsOf(await callsOf(tiny.root, inFolder, () => tiny.train()))) {
    prepare();
    const call = await trainUntil(n, moment, inFolder);
    if (!call) continue;
    seen.add(call.op);
    const killed = await tiny.latest();
    // Where the run begins with a damaged checkpoint it may still be there.
    if (killed && !begin) await wholeCheckpoints(killed);
    await tiny.train();
    const run = (await tiny.latest())!;
    expect(outcomeOf(run), `${n}: ${call.op} ${call.path}`).toEqual(whole);
    if (killed) expect(run).toBe(killed);
    expect(leftovers(run)).toEqual([]);
  }
  return seen;
}

describe.each(['cache', 'runs'] as const)(
  'a run whose process is killed at work in the folder %s',
  (name) => {
    it('a run killed right after any change to the disk, then resumed, leaves the same files', async () => {
      expect(await sweep('after', tiny[name], ({ changes }) => changes)).toContain('rename');
    });

    it('a run killed in the middle of any write, then resumed, leaves the same files', async () => {
      expect(await sweep('half', tiny[name], ({ op }) => /write/i.test(op))).toContain('handle.writeFile');
    });
  },
);

it('a run killed while it replaces a damaged checkpoint, then resumed, leaves the same files', async () => {
  tiny.clear();
  const stop = new AbortController();
  await tiny.train({
    signal: stop.signal,
    report: ({ event }) => {
      if (event === 'sample') stop.abort();
    },
  });
  const run = (await tiny.latest())!;
  const { checkpoints, metrics } = runFiles(run);
  truncateSync(join(checkpoints, checkpointName(4), 'model.safetensors'), 100);
  expect(readFileSync(metrics, 'utf8')).toContain('"checkpoint","step":4');
  const begin = tiny.keep();
  const isReplacement = ({ changes, path }: FsCall) => changes && path.includes('step-00000004');
  const seen = await sweep('after', tiny.runs, isReplacement, begin);
  expect(seen).toContain('rename');
});
