import { existsSync } from 'node:fs';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type CliProcess, finished, runProcess, startCli } from './cli-process.ts';
import { runInProcess } from './fake-terminal.ts';

const ESCAPE = '\x1b';

/** The keys that every event has, as documented. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  step: [
    'event',
    'step',
    'tokens',
    'loss',
    'floor',
    'lr',
    'gradNorm',
    'tokensPerSecond',
    'seconds',
    'path',
    'backend',
    'compute',
  ],
  eval: [
    'event',
    'step',
    'split',
    'loss',
    'floor',
    'ppl',
    'causal',
    'bpc',
    'bpb',
    'tokens',
    'characters',
    'bytes',
  ],
  ternary: ['event', 'step', 'minus', 'zero', 'plus', 'flipped', 'layers'],
  sample: ['event', 'step', 'prompt', 'text'],
  checkpoint: ['event', 'step', 'dir'],
  done: ['event', 'runDir', 'seconds', 'step', 'ending'],
};

let dir: string;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'flashlm-cli-train-'));
  env = { FLASHLM_CACHE: join(dir, 'cache') };
  vi.stubEnv('FLASHLM_CACHE', env.FLASHLM_CACHE);
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(dir, { recursive: true, force: true });
});

/** A folder for the runs of one test. */
function root(name: string): string {
  return join(dir, name);
}

async function onlyRun(folder: string): Promise<string> {
  const runs = await readdir(folder);
  expect(runs).toHaveLength(1);
  return join(folder, runs[0]!);
}

function events(text: string): { event: string; [key: string]: unknown }[] {
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

describe('flashlm train', () => {
  it('train ends with scores, speed, a sample, the directory and the next command', async () => {
    const out = root('summary');
    const sets = ['--set', 'eval.every=4', '--set', 'eval.tokens=64'];
    const args = ['v61-debug', '--steps', '6', '--backend', 'reference', '--out', out, ...sets];
    const { status, stdout, stderr } = await runInProcess(['train', ...args]);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const run = await onlyRun(out);
    expect(stdout).not.toContain(ESCAPE);
    expect(stdout).toMatch(
      /^model {4}v6\.1 debug: [\d,]+ parameters, token-wise\nbackend {2}reference, 1 thread, path collapsed/,
    );
    expect(stdout).toMatch(
      /^data {5}sample: [\d,]+ tokens in \d+ documents, validation [\d,]+ tokens in \d+ documents$/m,
    );
    expect(stdout).toMatch(
      /^step 1\/6 {2}loss \d\.\d{4} \(floor \d\.\d{4}\) {2}lr .* tokens\/s {2}.* left$/m,
    );
    expect(stdout).toMatch(/^step 4 {2}valid: loss /m);
    const summary = stdout.slice(stdout.indexOf('Done after 6 steps: all steps are done.'));
    expect(summary).toMatch(/^ +loss +PPL +BPC +BPB +tokens +characters\ntrain .*\nvalid /m);
    // One floor, of the whole text, everywhere.
    const floors = [...stdout.matchAll(/floor (\d\.\d{4})/g)].map(([, floor]) => floor);
    expect(floors.length).toBeGreaterThan(2);
    expect(new Set(floors).size).toBe(1);
    expect(summary).toMatch(
      /^floor \d\.\d{4}: the lowest loss of any model that sees one token, on the training text$/m,
    );
    expect(summary).toMatch(
      /tokens\/s \(path collapsed, backend reference, 1 thread\); [\d.]+k? tokens in .* of training/,
    );
    expect(summary).toMatch(
      /^Sample\n {2}Once upon a time[\s\S]*\n\(v6\.1 debug sees one token at a time, .* babble: .*\)\n\nRun directory/m,
    );
    expect(summary).toMatch(
      new RegExp(`^Run directory: .*${run.split('/').at(-1)}\nNext: npx flashlm data tinystories`, 'm'),
    );
    expect((await readdir(join(run, 'checkpoints'))).at(-1)).toBe('step-00000006');
  });

  it('train --json writes exactly the documented events, and the same to metrics.jsonl', async () => {
    const out = root('json');
    const args = ['--steps', '4', '--out', out, '--json', '--set', 'eval.every=2', '--set', 'collapse=never'];
    const { status, stdout, stderr } = await runInProcess(['train', 'v61-debug', ...args]);
    expect(status).toBe(0);
    expect(stderr).toMatch(
      /^model .*\nbackend .*path dense .*collapse is off.*\ndata .*\nends +4 steps of 256 tokens\nrun .*\nwarning: .*\nchecked: .*\n$/,
    );
    const all = events(stdout);
    for (const event of all) expect(Object.keys(event)).toEqual(KEYS[event.event]);
    expect(new Set(all.map(({ event }) => event))).toEqual(new Set(Object.keys(KEYS)));
    expect(all.filter(({ event }) => event === 'step').map(({ step }) => step)).toEqual([1, 2, 3, 4]);
    expect(all.at(-1)).toMatchObject({ event: 'done', step: 4, ending: 'steps', runDir: await onlyRun(out) });
    expect(events(await readFile(join(await onlyRun(out), 'metrics.jsonl'), 'utf8'))).toEqual(all);
    const times = all.filter(({ event }) => event === 'step').map(({ seconds }) => seconds as number);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(all.at(-1)!.seconds).toBe(times.at(-1));
  });

  it('train --quiet prints only the summary, and warnings on standard error', async () => {
    const { stdout, stderr } = await runInProcess([
      'train',
      'v61-debug',
      '--steps',
      '2',
      '--out',
      root('quiet'),
      '--quiet',
    ]);
    expect(stderr).toMatch(/^warning: the run ends after about 2 steps, .*\n$/);
    expect(stdout).toMatch(/^\nDone after 2 steps/);
  });

  it('a limit flag replaces all limits of the recipe, and train takes data and changes from the command line', async () => {
    const text = join(dir, 'text.txt');
    await writeFile(
      text,
      'The cat sat on the mat.\n<|endoftext|>\nA dog ran to the cat.\n<|endoftext|>\n'.repeat(40),
    );
    const flags = ['--tokens', '1k', '--data', text, '--valid', text, '--out', root('limits'), '--json'];
    const sets = ['--set', 'data.batch=2', '--set', 'train.seed=7'];
    const { status, stdout, stderr } = await runInProcess(['train', 'v61-debug', ...flags, ...sets]);
    expect(status).toBe(0);
    expect(stderr).toContain('too small for 300 tokens');
    // 2 sequences of 32 tokens a step.
    expect(events(stdout).at(-1)).toMatchObject({ event: 'done', step: 16, ending: 'tokens' });
    const recipe = await readFile(join(await onlyRun(root('limits')), 'recipe.yaml'), 'utf8');
    expect(recipe).toContain(text);
    expect(recipe).toMatch(/seed: 7/);
    expect(recipe).toMatch(/steps: null/);
  });

  it('train resumes the latest run of the folder, or the named one', async () => {
    const out = root('resume');
    await runInProcess(['train', 'v61-debug', '--steps', '3', '--out', out, '--quiet']);
    const run = await onlyRun(out);
    const latest = await runInProcess(['train', '--resume', '--out', out, '--steps', '5']);
    expect(latest.status).toBe(0);
    expect(latest.stdout).toContain('going on after step 3 and ');
    expect(latest.stdout).toContain('Done after 5 steps');
    const named = await runInProcess(['train', '--resume', run, '--steps', '5', '--quiet']);
    expect(named.stdout).toContain('Nothing was left to train');
    expect(await readdir(out)).toHaveLength(1);
  });

  it.each([
    ['no recipe', [], 2, /No recipe was given/],
    ['a recipe that does not exist', ['v61-debg'], 2, /no recipe 'v61-debg'.*did you mean 'v61-debug'/],
    ['a wrong limit', ['v61', '--steps', '0'], 2, /--steps <n>.*whole number of at least 1/],
    ['a wrong time', ['v61', '--budget', 'soon'], 2, /--budget <time>.*45s, 90m or 2h/],
    ['a wrong change', ['v61', '--set', 'optimizer.lr'], 2, /key=value/],
    ['a change of nothing', ['v61', '--set', 'optimiser.lr=1'], 2, /did you mean 'optimizer'/],
    ['a backend that does not exist', ['v61', '--backend', 'nativ'], 2, /did you mean 'native'/],
    ['--json with --quiet', ['v61', '--json', '--quiet'], 2, /--json.*cannot be used with.*--quiet/],
    ['--resume with a recipe', ['v61', '--resume'], 2, /can't be given with --resume/],
    ['--resume with changes', ['--resume', '--set', 'a=1'], 2, /--set can't be given with --resume/],
    [
      'nothing to resume',
      ['--resume'],
      2,
      /There is no run[\s\S]*--out where the run is resumed\. Train one first, such as: npx flashlm train v61 --budget 45s\n/,
    ],
    ['data that is missing', ['v61', '--data', 'missing.txt'], 1, /no such file[\s\S]*missing\.txt/],
  ])('train refuses %s', async (_, args, status, message) => {
    const out = root('refused');
    const result = await runInProcess(['train', ...args, '--out', out]);
    expect(result.status).toBe(status);
    expect(result.stdout).toBe('');
    expect(result.stderr).toMatch(message);
    expect(result.stderr.trim().split('\n').length).toBeLessThanOrEqual(3);
    expect(existsSync(out)).toBe(false);
  });
});

describe('a run that fails', () => {
  it('a failed run names the op and keeps its checkpoints', async () => {
    const out = root('failed');
    const args = [
      '--steps',
      '9',
      '--backend',
      'reference',
      '--set',
      'optimizer.lr=1e30',
      '--quiet',
      '--out',
      out,
    ];
    const { status, stdout, stderr } = await runInProcess(['train', 'v61-debug', ...args]);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).not.toContain('up to step');
    expect(stderr).toMatch(/^error: step \d+: (loss|gradient norm) is .*; first: \w+ wrote/m);
    const run = await onlyRun(out);
    expect(await readdir(join(run, 'checkpoints'))).toEqual(['step-00000000']);
    expect(existsSync(join(run, 'run.lock'))).toBe(false);
  });

  it.each([
    ['model', 'model.1.repeat=20000'],
    ['batch', 'data.batch=1000000000'],
  ])('a run that needs more memory than there is is refused before it begins (%s)', async (_, change) => {
    const result = await runInProcess(['train', 'v61', '--out', root('huge'), '--set', change, '--quiet']);
    expect(result.status).not.toBe(0);
    expect(result.stdout).toBe('');
    expect(result.stderr).toMatch(/error: .*(bytes|layers)/);
    expect(existsSync(root('huge'))).toBe(false);
  });
});

describe('flashlm train as a process', () => {
  /** A run that would last for hours; resolves once its first step is done. */
  async function start(out: string, ...args: string[]): Promise<CliProcess> {
    const child = startCli(['train', 'v61-debug', '--budget', '2h', '--out', out, ...args], { env });
    await new Promise<void>((resolve, reject) => {
      child.on('close', () => reject(new Error('the run ended before its first step')));
      child.stdout.once('readable', () => resolve());
    });
    return child;
  }

  it('the first Ctrl-C stops a run after the step, and it resumes later', async () => {
    const out = root('interrupted');
    const child = await start(out);
    child.kill('SIGINT');
    const { status, stderr } = await finished(child);
    expect(status).toBe(130);
    const run = await onlyRun(out);
    const step = Number(/Stopped after step (\d+); everything is saved\./.exec(stderr)![1]);
    expect(stderr).toMatch(/^Go on with: npx flashlm train --resume .*v6\.1-debug-/m);
    expect(await readdir(join(run, 'checkpoints'))).toContain(`step-${String(step).padStart(8, '0')}`);
    expect(existsSync(join(run, 'run.lock'))).toBe(false);
    const resumed = await runInProcess(['train', '--resume', run, '--steps', String(step + 2)]);
    expect(resumed.status).toBe(0);
    if (step) expect(resumed.stdout).toContain(`going on after step ${step.toLocaleString('en-US')}`);
  });

  it('SIGTERM stops a run after the step, with its exit status', async () => {
    const child = await start(root('terminated'), '--json');
    child.kill('SIGTERM');
    const { status, stdout } = await finished(child);
    expect(status).toBe(143);
    expect(events(stdout).at(-1)).toMatchObject({ event: 'done', ending: 'interrupted' });
  });

  it('the second Ctrl-C stops a run at once, and loses nothing', async () => {
    const out = root('twice');
    // A step of seconds: the second signal comes long before the first step is done.
    const child = await start(
      out,
      '--backend',
      'reference',
      '--set',
      'collapse=never',
      '--set',
      'data.batch=128',
    );
    // Before its first checkpoint is whole there is nothing to lose.
    const saved = async () => readdir(join(await onlyRun(out), 'checkpoints'));
    await vi.waitFor(async () => expect(await saved()).toEqual(['step-00000000']), { timeout: 120_000 });
    child.kill('SIGINT');
    await sleep(200);
    child.kill('SIGINT');
    const { status, stderr } = await finished(child);
    expect(status).toBe(130);
    expect(stderr).not.toContain('Stopped after');
    expect(await saved()).toEqual(['step-00000000']);
    const resumed = await runInProcess(['train', '--resume', '--out', out, '--steps', '1', '--quiet']);
    expect(resumed.status).toBe(0);
  });

  it('train saves its state when its output is closed', async () => {
    const out = root('pipe');
    const child = await start(out, '--json');
    child.stdout.destroy();
    const { status, stderr } = await finished(child);
    expect(status).toBe(141);
    expect(stderr).not.toContain('EPIPE');
    const run = await onlyRun(out);
    const saved = (await readdir(join(run, 'checkpoints'))).at(-1)!;
    expect(Number(saved.slice('step-'.length))).toBeGreaterThan(0);
  });

  it('train does not write to a directory that another process trains in', async () => {
    const out = root('locked');
    const child = await start(out, '--json');
    const second = await runProcess(['train', '--resume', '--out', out], { env });
    child.kill('SIGTERM');
    await finished(child);
    expect(second.status).toBe(1);
    expect(second.stderr).toMatch(/in use by process \d+/);
  });
});

describe('a finished run', () => {
  let run: string;

  beforeAll(async () => {
    const out = root('finished');
    const args = ['--steps', '5', '--set', 'eval.tokens=null', '--out', out, '--quiet'];
    expect(await runInProcess(['train', 'v61-debug', ...args])).toMatchObject({ status: 0 });
    run = await onlyRun(out);
  });

  it('a finished run is evaluated on its validation data with the same result as at its end', async () => {
    const { status, stdout } = await runInProcess(['eval', run, '--json']);
    expect(status).toBe(0);
    const event = JSON.parse(stdout);
    expect(Object.keys(event)).toEqual(KEYS.eval);
    const metrics = events(await readFile(join(run, 'metrics.jsonl'), 'utf8'));
    expect(event).toEqual(metrics.findLast(({ event, split }) => event === 'eval' && split === 'valid'));
  });

  it('a finished run is evaluated on other data, with the counts behind the figures', async () => {
    const text = join(dir, 'other.txt');
    await writeFile(text, 'Ä cat.\n<|endoftext|>\nA dog.\n');
    const { status, stdout } = await runInProcess(['eval', run, '--data', text]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^text {3}data: 2 documents, \d+ tokens, 12 characters, 13 bytes$/m);
    expect(stdout).toMatch(/^loss {3}\d\.\d{4} nats a token$/m);
    expect(stdout).toMatch(/^BPB +[\d.]+ bits a byte$/m);
  });

  it("eval, generate and train take 'latest' as the newest run of a folder", async () => {
    const parent = root('finished');
    const [scores, text, resumed] = await Promise.all([
      runInProcess(['eval', `${parent}/latest`, '--json']),
      runInProcess(['generate', `${parent}/latest/checkpoints/step-00000005`, '--max-tokens', '2', '--json']),
      runInProcess(['train', '--resume', 'latest', '--out', parent, '--quiet']),
    ]);
    expect(JSON.parse(scores.stdout)).toEqual(
      JSON.parse((await runInProcess(['eval', run, '--json'])).stdout),
    );
    expect(JSON.parse(text.stdout).step).toBe(5);
    expect(resumed.stdout).toContain('Nothing was left to train');
    expect(await runInProcess(['eval', join(dir, 'nowhere', 'latest')])).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/There is no run\n {2}at .*nowhere\n/),
    });
  });

  it('a finished run is evaluated at a named earlier checkpoint', async () => {
    const { stdout } = await runInProcess(['eval', join(run, 'checkpoints', 'step-00000000'), '--json']);
    expect(JSON.parse(stdout).step).toBe(0);
  });

  it('a finished run writes text, the prompt first, the same for the same seed', async () => {
    const args = ['generate', run, '--prompt', 'The cat', '--max-tokens', '20', '--seed', '3'];
    const [first, again, other, json] = await Promise.all([
      runInProcess(args),
      runInProcess(args),
      runInProcess([...args.slice(0, -1), '4']),
      runInProcess([...args, '--json']),
    ]);
    expect(first.status).toBe(0);
    expect(first.stdout.startsWith('The cat')).toBe(true);
    expect(first.stdout.endsWith('\n')).toBe(true);
    expect(again.stdout).toBe(first.stdout);
    expect(other.stdout).not.toBe(first.stdout);
    const event = JSON.parse(json.stdout);
    expect(Object.keys(event)).toEqual(['step', 'seed', 'prompt', 'text', 'tokens', 'ending', 'seconds']);
    expect(`${event.text}\n`).toBe(first.stdout);
    expect(event.tokens).toBeLessThanOrEqual(20);
  });

  it('a finished run writes the likeliest tokens at temperature 0, whatever the seed', async () => {
    const args = ['generate', run, '--temperature', '0', '--max-tokens', '10', '--seed'];
    expect((await runInProcess([...args, '1'])).stdout).toBe((await runInProcess([...args, '2'])).stdout);
  });

  it.each([
    ['eval', 'a folder that is no run', ['.'], 2, /neither a run directory nor a checkpoint/],
    ['eval', 'data that is missing', ['RUN', '--data', 'missing.txt'], 1, /no such file/],
    ['generate', 'a run that does not exist', ['missing'], 2, /There is no run missing\n {2}\S/],
    ['generate', 'a temperature below 0', ['RUN', '--temperature', '-1'], 2, /--temperature <t>.*at least 0/],
    ['generate', 'a probability of 0', ['RUN', '--top-p', '0'], 2, /--top-p <p>.*above 0, at most 1/],
    ['generate', 'no tokens', ['RUN', '--max-tokens', '0'], 2, /--max-tokens <n>/],
  ])('%s refuses %s', async (command, _, args, status, message) => {
    const result = await runInProcess([command, ...args.map((arg) => (arg === 'RUN' ? run : arg))]);
    expect(result).toMatchObject({ status, stdout: '', stderr: expect.stringMatching(message) });
  });

  it('a finished run whose newest checkpoint is damaged is read from an older one, with a warning', async () => {
    const copy = join(dir, 'damaged');
    await cp(run, copy, { recursive: true });
    const model = join(copy, 'checkpoints', 'step-00000005', 'model.safetensors');
    await writeFile(model, (await readFile(model)).subarray(0, -1));
    const { status, stdout, stderr } = await runInProcess(['eval', copy, '--json']);
    expect(status).toBe(0);
    expect(stderr).toContain('step-00000005');
    expect(JSON.parse(stdout).step).toBe(0);
  });
});
