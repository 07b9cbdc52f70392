import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ProgressMeter, StepPace } from '../../src/cli/reporters/progress-meter.ts';
import { JsonReporter, LineReporter, ProgressReporter } from '../../src/cli/reporters/reporter.ts';
import { TaskLines, TaskProgress } from '../../src/cli/reporters/task-progress.ts';
import type { StepEvent } from '../../src/core/hook.ts';
import type { EvalEvent, TrainEvent } from '../../src/train/events.ts';
import type { Limits } from '../../src/train/limits.ts';
import { fakeTerminal } from './fake-terminal.ts';

const UNLIMITED: Limits = {
  steps: Number.POSITIVE_INFINITY,
  tokens: Number.POSITIVE_INFINITY,
  epochs: Number.POSITIVE_INFINITY,
  seconds: Number.POSITIVE_INFINITY,
};
const ZERO = { step: 0, tokens: 0, epochs: 0, seconds: 0 };
const ESCAPE = '\x1b';
/** A clock that always gives the same time. */
const NEVER = () => 0;
const PACE = new StepPace(1, NEVER);

function stepEvent(step: number, change: Partial<StepEvent> = {}): StepEvent {
  return {
    event: 'step',
    step,
    tokens: step * 1000,
    loss: 3.5,
    floor: 3.1,
    lr: 0.01,
    gradNorm: 1.5,
    tokensPerSecond: 2000,
    seconds: step / 2,
    path: 'collapsed',
    backend: 'reference',
    compute: 'f32',
    ...change,
  };
}

const evalEvent: EvalEvent = {
  event: 'eval',
  step: 10,
  split: 'valid',
  loss: 3.2,
  floor: 3,
  ppl: 24.5325,
  causal: true,
  bpc: 1.4567,
  bpb: 1.4321,
  tokens: 397_708,
  characters: 1_254_156,
  bytes: 1_260_000,
};

/** `floor` is that of the whole text; the floors of batches, 3.1, are never shown. */
function meterOf(limits: Partial<Limits>, start = ZERO, floor: number | null = 3.05): ProgressMeter {
  return new ProgressMeter({ ...UNLIMITED, ...limits }, 1000, 10_000, start, floor);
}

describe('ProgressMeter', () => {
  it.each<[Partial<Limits>, number, number]>([
    [{ steps: 40 }, 0.25, 15],
    [{ tokens: 20_000 }, 0.5, 5],
    [{ epochs: 4 }, 0.25, 15],
    [{ seconds: 10 }, 0.5, 5],
    [{ seconds: 10, steps: 11 }, 10 / 11, 0.5],
  ])('ProgressMeter has the share done and the time left of a run limited to %o', (limits, share, left) => {
    const meter = meterOf(limits);
    for (let step = 1; step <= 10; step++) meter.add(stepEvent(step));
    expect(meter.progress).toEqual({ step: 10, tokens: 10_000, epochs: 1, seconds: 5 });
    expect(meter.share).toBeCloseTo(share, 9);
    expect(meter.secondsLeft).toBeCloseTo(left, 9);
  });

  it('ProgressMeter knows the last step from the first limit to be reached, unless that may be the clock', () => {
    const lastStep = (limits: Partial<Limits>) => {
      const meter = meterOf(limits);
      meter.add(stepEvent(1));
      return meter.lastStep;
    };
    expect(lastStep({ steps: 60 })).toBe(60);
    expect(lastStep({ steps: 60, epochs: 2 })).toBeLessThan(60);
    expect(lastStep({ steps: 60, seconds: 1e6 })).toBe(60);
    expect(lastStep({ steps: 60, seconds: 1e-3 })).toBeUndefined();
    expect(lastStep({ seconds: 100 })).toBeUndefined();
  });

  it('ProgressMeter predicts no end without a limit, and no time before the first step', () => {
    expect(meterOf({}).share).toBeUndefined();
    expect(meterOf({ steps: 5 }).secondsLeft).toBeUndefined();
    expect(meterOf({ steps: 5 }).share).toBe(0);
  });

  it('ProgressMeter counts the speed of a resumed run from where it resumed', () => {
    const meter = meterOf({ steps: 20 }, { step: 10, tokens: 10_000, epochs: 1, seconds: 100 });
    meter.add(stepEvent(11));
    meter.add(stepEvent(12));
    expect(meter.meanTokensPerSecond).toBeCloseTo(2000, 9);
    expect(meter.progress.seconds).toBeCloseTo(101, 9);
  });
});

describe('LineReporter', () => {
  function run(steps: number, secondsAStep: number, every: number | 'auto'): string[] {
    const lines: string[] = [];
    const meter = meterOf({ steps });
    let time = 0;
    const reporter = new LineReporter(
      (line) => lines.push(line),
      meter,
      new StepPace(every, () => time),
      NEVER,
    );
    for (let step = 1; step <= steps; step++) {
      time = step * secondsAStep;
      const event = stepEvent(step, { tokensPerSecond: 1000 / secondsAStep });
      meter.add(event);
      reporter.onEvent(event);
    }
    return lines;
  }

  it('LineReporter writes the first step at once, then at most one line every two seconds', () => {
    const lines = run(200, 1 / 16, 'auto');
    expect(lines[0]).toBe('step 1/200  loss 3.5000 (floor 3.0500)  lr 0.01  16,000 tokens/s  13 s left');
    expect(lines.map((line) => Number(/^step (\d+)/.exec(line)![1]))).toEqual([1, 33, 65, 97, 129, 161, 193]);
  });

  it('LineReporter writes 100 to 250 lines about a run of two hours', () => {
    const lines = run(72_000, 0.1, 'auto');
    expect(lines.length).toBeGreaterThan(100);
    expect(lines.length).toBeLessThan(250);
  });

  const stepsOf = (lines: readonly string[]) => lines.map((line) => Number(/^step (\d+)/.exec(line)![1]));

  it('LineReporter writes every step with log.every 1, however quick steps are', () => {
    expect(stepsOf(run(50, 1 / 1000, 1))).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
  });

  it('LineReporter writes the first step and every tenth with log.every 10, however slow steps are', () => {
    expect(stepsOf(run(50, 30, 10))).toEqual([1, 10, 20, 30, 40, 50]);
  });

  it('LineReporter marks PPL, BPC and BPB of a model that is not causal', () => {
    const lines: string[] = [];
    const reporter = new LineReporter((line) => lines.push(line), meterOf({}), PACE, NEVER);
    reporter.onEvent({ ...evalEvent, causal: false });
    expect(lines).toEqual([
      expect.stringContaining('  PPL 24.53 (not causal)  BPC 1.457 (not causal)  BPB 1.432 (not causal)  ('),
    ]);
  });

  it('LineReporter writes evaluations, samples and checkpoints, each in one line', () => {
    const lines: string[] = [];
    const reporter = new LineReporter((line) => lines.push(line), meterOf({}), PACE, NEVER);
    reporter.onEvent(evalEvent);
    reporter.onEvent({
      event: 'sample',
      step: 10,
      prompt: 'Once',
      text: `Once\nupon ${'a time '.repeat(50)}`,
    });
    reporter.onEvent({ event: 'checkpoint', step: 10, dir: 'runs/a/checkpoints/step-00000010' });
    reporter.onEvent({ event: 'done', runDir: 'runs/a', seconds: 1, step: 10, ending: 'steps' });
    expect(lines).toHaveLength(3);
    expect(lines[0]).toBe(
      'step 10  valid: loss 3.2000  PPL 24.53  BPC 1.457  BPB 1.432  (397,708 tokens, 1,254,156 characters)',
    );
    expect(lines[1]).toMatch(/^step 10 {2}sample: Once upon a time .*…$/);
    expect(lines[1]!.length).toBeLessThan(180);
    expect(lines[2]).toBe('step 10  checkpoint written');
  });

  it('LineReporter leaves the floor out where the text has no meaningful one', () => {
    const lines: string[] = [];
    const meter = meterOf({}, ZERO, null);
    const event = stepEvent(1);
    meter.add(event);
    new LineReporter((line) => lines.push(line), meter, PACE, NEVER).onEvent(event);
    expect(lines).toEqual(['step 1  loss 3.5000  lr 0.01  2,000 tokens/s']);
  });
});

describe('TaskLines', () => {
  /** The seconds at which lines are written about a task of `seconds`, told of ten times a second. */
  function lines(seconds: number, reach = seconds): { at: number; line: string }[] {
    let time = 0;
    const written: { at: number; line: string }[] = [];
    const tasks = new TaskLines(
      (line) => written.push({ at: time, line }),
      () => time,
    );
    for (let tick = 0; tick <= 10 * reach; tick++) {
      time = tick / 10;
      tasks.show('evaluating valid', time / seconds);
    }
    return written;
  }

  it('TaskLines writes nothing about a task of less than ten seconds', () => {
    expect(lines(9.9)).toEqual([]);
  });

  it('TaskLines writes the progress of a longer task and its time left, every ten seconds at first', () => {
    const written = lines(40);
    expect(written.map(({ at }) => at)).toEqual([10, 20, 30, 40]);
    expect(written[0]!.line).toBe('evaluating valid: 25.0%, 30 s left');
    expect(written[2]!.line).toBe('evaluating valid: 75.0%, 10 s left');
  });

  it('TaskLines writes once a minute about a task of hours', () => {
    const written = lines(36_000, 7200);
    expect(written.length).toBeLessThan(150);
    expect(written.at(-1)!.line).toMatch(/^evaluating valid: (19\.\d|20\.0)%, 8h 0\dm left$/);
  });

  it('TaskLines writes the time used so far while a task reports no progress', () => {
    let time = 0;
    const written: string[] = [];
    const tasks = new TaskLines(
      (line) => written.push(line),
      () => time,
    );
    for (; time < 25; time++) tasks.show('gradcheck', 0, 'blocks.0.up');
    expect(written).toEqual(['gradcheck: blocks.0.up, 10 s so far', 'gradcheck: blocks.0.up, 20 s so far']);
  });
});

describe('work between two events of a run', () => {
  it('a slow step prints a line with the time that the run still takes', () => {
    const lines: string[] = [];
    let time = 0;
    const meter = meterOf({ steps: 4 });
    const reporter = new LineReporter(
      (line) => lines.push(line),
      meter,
      PACE,
      () => time,
    );
    for (; time <= 20; time += 5) {
      const progress = { work: 'step', share: time / 100, seconds: time } as const;
      meter.during(progress);
      reporter.onProgress(progress);
    }
    expect(lines).toEqual([
      'step 1/4: 10% of the step  10 tokens/s  6m 30s left',
      'step 1/4: 20% of the step  10 tokens/s  6m 20s left',
    ]);
  });

  it('a terminal shows a bar for work between events, even before the first step is done', () => {
    const { terminal, stdout, stderr } = fakeTerminal({ isTTY: true, columns: 100 });
    const reporter = new ProgressReporter(terminal, meterOf({ steps: 4 }), PACE);
    expect(stderr.text).toContain('step 0/4');
    reporter.onProgress({ work: 'evaluation', split: 'valid', share: 0.5, seconds: 3 });
    reporter.say('a line draws the bar again');
    reporter.close();
    expect(stderr.text).toMatch(/evaluating valid ━+─+ {2}50%/);
    expect(stdout.text).toBe('a line draws the bar again\n');
  });

  it('progress lines never mix with the events of --json', () => {
    let time = 0;
    const { terminal, stdout, stderr } = fakeTerminal({ now: () => time });
    const reporter = new JsonReporter(terminal, meterOf({}));
    for (const share of [0, 0.25]) {
      reporter.onProgress({ work: 'evaluation', split: 'train', share, seconds: 0 });
      time += 30;
    }
    reporter.onProgress({ work: 'evaluation', split: 'train', share: 0.5, seconds: 0 });
    expect(stdout.text).toBe('');
    expect(stderr.lines).toEqual([
      'evaluating train: 25.0%, 1m 30s left',
      'evaluating train: 50.0%, 1m 00s left',
    ]);
  });
});

describe('JsonReporter', () => {
  const events: TrainEvent[] = [
    stepEvent(1),
    stepEvent(2, { floor: null, path: 'dense' }),
    evalEvent,
    { event: 'sample', step: 2, prompt: 'Once', text: 'Once\nupon "a" time' },
    { event: 'checkpoint', step: 2, dir: 'runs/a/checkpoints/step-00000002' },
    { event: 'done', runDir: 'runs/a', seconds: 1.5, step: 2, ending: 'steps' },
  ];

  it('JsonReporter writes every event as one unchanged line, and everything else to standard error', () => {
    const { terminal, stdout, stderr } = fakeTerminal({ isTTY: true });
    const reporter = new JsonReporter(terminal, meterOf({}));
    reporter.say('backend reference');
    for (const event of events) reporter.onEvent(event);
    reporter.close();
    expect(stdout.lines.map((line) => JSON.parse(line))).toEqual(events);
    expect(stderr.text).toBe('backend reference\n');
  });
});

describe('ProgressReporter', () => {
  function drawn(columns: number): { stdout: string; stderr: string } {
    const { terminal, stdout, stderr } = fakeTerminal({ isTTY: true, columns });
    const meter = meterOf({ steps: 4 });
    const reporter = new ProgressReporter(terminal, meter, new StepPace(2, NEVER));
    reporter.say('v6.1');
    for (let step = 1; step <= 3; step++) {
      const event = stepEvent(step);
      meter.add(event);
      reporter.onEvent(event);
    }
    reporter.onEvent(evalEvent);
    reporter.close();
    return { stdout: stdout.text, stderr: stderr.text };
  }

  it('ProgressReporter draws one line with share, loss, speed and time left, and prints step lines above it', () => {
    const { stdout, stderr } = drawn(100);
    expect(stdout).toMatch(
      /^v6\.1\nstep 1\/4 {2}loss .*\nstep 2\/4 {2}loss .*\nstep 10 {2}valid: loss 3\.2000/,
    );
    expect(stderr).toContain('━');
    expect(stderr).toContain('75%  loss 3.5000 (floor 3.0500)  2,000 tokens/s  1 s left');
    expect(stderr).not.toContain('\n');
  });

  it.each([20, 40, 79, 80, 200])(
    'ProgressReporter never writes past the edge of a terminal of %d columns',
    (columns) => {
      const { stderr } = drawn(columns);
      // Every drawing begins by going to the first column.
      const drawings = stderr
        .split(`${ESCAPE}[1G`)
        .map((part) => stripVTControlCharacters(part).replace(/\p{Cc}[78]/gu, ''));
      expect(drawings.length).toBeGreaterThan(2);
      for (const drawing of drawings) expect(drawing.length).toBeLessThan(columns);
    },
  );

  it('ProgressReporter changes no terminal setting that a killed process could not restore', () => {
    expect(drawn(80).stderr).not.toContain(`${ESCAPE}[?`);
  });
});

describe('TaskProgress', () => {
  it('TaskProgress writes no line about quick work without a terminal, and keeps notices', () => {
    const { terminal, stdout, stderr } = fakeTerminal();
    const progress = new TaskProgress(terminal);
    for (let done = 0; done <= 100; done++) progress.onPrepare({ stage: 'encode', done, total: 100 });
    progress.note('trying again in 0.5 s');
    progress.end();
    expect(stdout.text).toBe('');
    expect(stderr.text).toBe('trying again in 0.5 s\n');
  });

  it('TaskProgress draws a bar on a terminal and removes it at the end', () => {
    const { terminal, stderr } = fakeTerminal({ isTTY: true });
    const progress = new TaskProgress(terminal);
    progress.onDownload({ file: 'a.txt', phase: 'download', doneBytes: 5e6, totalBytes: 2e7 });
    progress.end();
    expect(stderr.text).toContain('downloading a.txt');
    expect(stderr.text).toContain('25%  5 MB of 20 MB');
    expect(stderr.text.endsWith(`${ESCAPE}[2K`)).toBe(true);
  });
});
