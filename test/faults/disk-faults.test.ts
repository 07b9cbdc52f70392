import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { runInProcess } from '../cli/fake-terminal.ts';
import { type Fault, type FsCall, interpose } from './interpose.ts';
import { callsOf, momentsOf } from './moments.ts';
import { leftovers, type Outcome, outcomeOf, RECIPE, TinyRun, wholeCheckpoints } from './tiny-run.ts';

let tiny: TinyRun;
let whole: Outcome;
let restore: (() => Promise<void>) | undefined;

beforeAll(async () => {
  // One checkpoint less than the killed runs have: each makes every sweep longer, and they are written alike.
  tiny = new TinyRun(RECIPE.replace('every: 4, keep: 2', 'every: null, keep: 1'));
  await tiny.train();
  whole = outcomeOf((await tiny.latest())!);
});
afterEach(() => restore?.());
afterAll(() => {
  vi.unstubAllEnvs();
  tiny.remove();
});

const train = () => runInProcess(['train', tiny.recipe, '--out', tiny.runs, '--json']);
const goOn = () => runInProcess(['train', '--resume', '--out', tiny.runs, '--json']);

interface Sweep {
  readonly folder: string;
  /** Makes what is there before each time; nothing by default. */
  readonly begin?: () => void;
  /** The fault of the `n`-th call (from 0) that could have one, and of each one after it. */
  readonly fault: (call: FsCall, since: number) => Fault | undefined;
  readonly counts: (call: FsCall) => boolean;
  readonly message: RegExp;
  /** What could not be removed, as removing failed as well. */
  readonly mayLeave?: boolean;
}

/** Lets the disk fail from the `n`-th call on, for every moment `n`; then lets it work again and goes on. */
async function sweep({ folder, begin, fault, counts, message, mayLeave }: Sweep): Promise<Set<string>> {
  const refused = new Set<string>();
  const prepare = begin ?? (() => tiny.clear({ cache: folder === tiny.cache }));
  const inFolder = (call: FsCall) => call.path.startsWith(folder) && counts(call);
  prepare();
  for (const n of momentsOf(await callsOf(tiny.root, inFolder, begin ? goOn : train))) {
    prepare();
    let count = 0;
    let first: FsCall | undefined;
    restore = await interpose({
      root: tiny.root,
      decide: (call) => {
        if (!counts(call) || (!first && (!inFolder(call) || count++ < n))) return undefined;
        const decided = fault(call, first ? 1 : 0);
        first ??= call;
        return decided;
      },
    });
    const { status, stderr } = await (begin ? goOn() : train());
    await restore();
    // A run may make fewer calls than the one that was counted: of what is read twice, say.
    if (!first) continue;
    const place = `${n}: ${first.op} ${first.path}\n${stderr}`;
    const run = await tiny.latest();
    if (status !== 0) {
      refused.add(first.op);
      const error = stderr.slice(stderr.indexOf('error: '));
      expect(error, place).toMatch(message);
      // What, where, what to do.
      expect(error.trimEnd().split('\n').length, place).toBe(3);
      expect(error, place).toContain(`\n  at ${tiny.root}`);
    }
    if (run) await wholeCheckpoints(run);
    const left = leftovers(tiny.root);
    if (!mayLeave) expect(left, place).toEqual([]);
    await tiny.endProcess();
    if (status !== 0 || left.length > 0) {
      expect(await (run ? goOn() : train()), place).toMatchObject({ status: 0 });
    }
    expect(outcomeOf((await tiny.latest())!), place).toEqual(whole);
  }
  return refused;
}

const FOLDERS = ['cache', 'runs'] as const;

it.each(FOLDERS)('a disk that is full from any moment on is one clear error (%s)', async (name) => {
  const refused = await sweep({
    folder: tiny[name],
    counts: ({ grows }) => grows,
    fault: () => ({ code: 'ENOSPC', half: true }),
    message: /^error: .*no space left on the disk\n {2}at .*\n {2}(Free some space|Set FLASHLM_CACHE)/,
  });
  for (const op of ['mkdir', 'open', 'handle.writeFile', 'handle.sync']) expect(refused).toContain(op);
});

it.each(FOLDERS)('a disk that becomes read-only at any moment is one clear error (%s)', async (name) => {
  const refused = await sweep({
    folder: tiny[name],
    counts: ({ changes }) => changes,
    fault: () => ({ code: 'EROFS' }),
    message: /^error: .*the file system is read-only\n {2}at .*\n {2}/,
    mayLeave: true,
  });
  expect(refused.size).toBeGreaterThan(2);
});

it.each(FOLDERS)('a disk that fails once, at any call, is one clear error or none (%s)', async (name) => {
  const refused = await sweep({
    folder: tiny[name],
    counts: () => true,
    fault: (_, since) => (since === 0 ? { code: 'EIO', half: true } : undefined),
    message: /^error: .*the disk reports an error\n {2}at .*\n {2}/,
    mayLeave: true,
  });
  expect(refused.size).toBeGreaterThan(2);
});

describe('a resumed run', () => {
  let begin: () => void;

  beforeAll(async () => {
    tiny.clear();
    const stop = new AbortController();
    await tiny.train({
      signal: stop.signal,
      report: (event) => {
        if ('step' in event && event.step === 2) stop.abort();
      },
    });
    begin = tiny.keep();
    await tiny.train();
    whole = outcomeOf((await tiny.latest())!);
  });

  it('a resumed run reports a disk that fails one read, or does without it', async () => {
    const refused = await sweep({
      folder: tiny.root,
      begin,
      counts: ({ changes, op }) => !changes && op !== 'handle.sync' && op !== 'fdatasyncSync',
      fault: (_, since) => (since === 0 ? { code: 'EIO' } : undefined),
      message: /^error: .*\n {2}at .*\n {2}/,
      mayLeave: true,
    });
    expect(refused.size).toBeGreaterThan(4);
  });

  it('a resumed run reports too many open files', async () => {
    const refused = await sweep({
      folder: tiny.root,
      begin,
      counts: ({ op }) => /open|readFile|readdir/.test(op),
      fault: () => ({ code: 'EMFILE' }),
      message: /^error: .*\n {2}at .*\n {2}/,
      mayLeave: true,
    });
    for (const op of ['readFileSync', 'openSync', 'open']) expect(refused).toContain(op);
  });
});
