import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { COMMANDS } from '../../src/cli/commands/index.ts';
import { runCli } from '../../src/cli/program.ts';
import { runFiles } from '../../src/train/run-directory.ts';
import { atCall } from '../faults/at-call.ts';
import { leftovers, type Outcome, outcomeOf, RECIPE, TinyRun, wholeCheckpoints } from '../faults/tiny-run.ts';
import { finished, type ProcessResult, startCli } from './cli-process.ts';
import { fakeTerminal } from './fake-terminal.ts';

let tiny: TinyRun;
let whole: Outcome;

beforeAll(async () => {
  tiny = new TinyRun();
  await tiny.train();
  whole = outcomeOf((await tiny.latest())!);
});
beforeEach(() => tiny.clear({ cache: true }));
afterAll(() => {
  vi.unstubAllEnvs();
  tiny.remove();
});

const args = (run: TinyRun): string[] => ['train', run.recipe, '--out', run.runs, '--json'];

/** Trains in a process that gets a signal at one of its calls; see children/at-call.ts. */
function trainWith(options: Readonly<Record<string, string | number>>): Promise<ProcessResult> {
  return finished(startCli(args(tiny), { imports: [atCall({ root: tiny.root, ...options })] }));
}

/** The run's outcome once it has gone on to its end, without what tells of the interruption. */
async function goneOn(): Promise<Outcome> {
  await tiny.train();
  const outcome = outcomeOf((await tiny.latest())!);
  const told = (event: unknown) => (event as { ending?: string }).ending !== 'interrupted';
  return { ...outcome, metrics: outcome.metrics.filter(told) };
}

const inCheckpoint = { op: 'handle.sync', path: '.new-step-00000004' };

describe('a signal', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ])(
    '%s while a checkpoint is written lets it finish, and the run stops after the step',
    async (signal, status) => {
      const result = await trainWith({ ...inCheckpoint, signal });
      expect(result.status).toBe(status);
      expect(result.stderr).toContain('Stopped after step 4; everything is saved.');
      expect(leftovers(tiny.root)).toEqual([]);
      expect(await wholeCheckpoints((await tiny.latest())!)).toEqual([0, 4]);
      expect(await goneOn()).toEqual(whole);
    },
  );

  it('a second signal while a checkpoint is written ends the process at once', async () => {
    const result = await trainWith({ ...inCheckpoint, signal: 'SIGINT', times: 2 });
    expect(result.status).toBe(130);
    expect(result.stderr).not.toContain('Stopped after');
    expect(await wholeCheckpoints((await tiny.latest())!)).toEqual([0]);
    expect(await goneOn()).toEqual(whole);
  });

  it('a signal during preparation ends the process before there is a run', async () => {
    const result = await trainWith({ op: 'stream.read', path: 'train.txt', signal: 'SIGINT' });
    expect(result).toMatchObject({ status: 130, stdout: '' });
    expect(result.stderr).toContain('Stopped before the training began.');
    expect(existsSync(tiny.runs)).toBe(false);
    expect(await goneOn()).toEqual(whole);
  });
});

describe('during an evaluation', () => {
  let long: TinyRun;
  afterEach(() => {
    long.remove();
    vi.stubEnv('FLASHLM_CACHE', tiny.cache);
  });

  /** Sends SIGINT as soon as step 3, which is evaluated, was reported, and again once the first was answered. */
  async function interrupt(
    validRepeat: number,
    twice: boolean,
  ): Promise<ProcessResult & { evaluated: boolean }> {
    long = new TinyRun(RECIPE, { validRepeat });
    const child = startCli(args(long), { env: { FLASHLM_CACHE: long.cache } });
    const end = finished(child);
    createInterface({ input: child.stdout }).on('line', (line) => {
      const { event, step } = JSON.parse(line);
      if (event === 'step' && step === 3) child.kill('SIGINT');
    });
    child.stderr.on('data', (text: string) => {
      if (twice && String(text).includes('once more stops at once')) child.kill('SIGINT');
    });
    const result = await end;
    const log = readFileSync(runFiles((await long.latest())!).metrics, 'utf8');
    return { ...result, evaluated: log.includes('"eval"') };
  }

  it('one Ctrl-C during an evaluation lets it finish, then the run stops', async () => {
    const result = await interrupt(2000, false);
    expect(result).toMatchObject({ status: 130, evaluated: true });
    expect(result.stderr).toContain('Stopped after step 3; everything is saved.');
  });

  it('two Ctrl-C during an evaluation end the process at once', async () => {
    // Many times as long as the two signals need on their way.
    const result = await interrupt(40_000, true);
    expect(result).toMatchObject({ status: 130, evaluated: false });
    expect(result.stderr).not.toContain('Stopped after');
  });
});

it.skipIf(!existsSync('/dev/full'))('output that goes to a full disk is one clear error', async () => {
  const full = openSync('/dev/full', 'w');
  const result = await finished(startCli(args(tiny), { stdout: full }));
  closeSync(full);
  expect(result.status).toBe(1);
  expect(result.stderr).toMatch(
    /^error: Cannot write what is to be shown: no space left .*\n {2}at standard output\n/m,
  );
  await wholeCheckpoints((await tiny.latest())!);
  expect(await goneOn()).toEqual(whole);
});

it('exactly one of the processes that resume a run at the same instant succeeds', async () => {
  const stop = new AbortController();
  await tiny.train({ signal: stop.signal, report: () => stop.abort() });
  const run = (await tiny.latest())!;
  const more = ['train', '--resume', run, '--steps', '100000000', '--json'];
  const children = [1, 2, 3].map(() => startCli(more));
  const refused: { pid: number; stderr: string }[] = [];
  const ends = children.map(async (child) => {
    const { status, stderr } = await finished(child);
    if (status === 1) refused.push({ pid: child.pid!, stderr });
    // The one that holds the run is stopped once all others have been refused.
    if (refused.length === 2) for (const other of children) other.kill('SIGTERM');
    return status;
  });
  expect((await Promise.all(ends)).sort()).toEqual([1, 1, 143]);
  const holder = children.find(({ pid }) => refused.every((other) => other.pid !== pid))!;
  for (const { stderr } of refused) expect(stderr).toContain(`in use by process ${holder.pid} on`);
  await wholeCheckpoints(run);
});

describe('a closed terminal', () => {
  it('a closed terminal is reported in the log, with how to protect a run from it', async () => {
    const { terminal, stdout } = fakeTerminal({ env: process.env });
    const print = terminal.print.bind(terminal);
    vi.spyOn(terminal, 'print').mockImplementation((line) => {
      if (line?.startsWith('step 1/')) process.emit('SIGHUP', 'SIGHUP');
      print(line);
    });
    expect(await runCli(['train', tiny.recipe, '--out', tiny.runs], COMMANDS, terminal)).toBe(129);
    expect(stdout.text).toMatch(
      /The terminal was closed \(SIGHUP\): stopping\. nohup does not .* setsid or in tmux/,
    );
  });

  it.skipIf(process.platform !== 'linux')(
    'nohup can not protect a run from a closed terminal: Node resets the inherited handler',
    () => {
      const ignored = "require('fs').readFileSync('/proc/self/status', 'utf8').match(/SigIgn:\\s*(\\S+)/)[1]";
      const script = `trap '' HUP; exec "$0" -p "$1"`;
      const mask = execFileSync('sh', ['-c', script, process.execPath, ignored], { encoding: 'utf8' });
      expect(BigInt(`0x${mask.trim()}`) & 1n).toBe(0n);
    },
  );
});
