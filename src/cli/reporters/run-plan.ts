import type { Session } from '../../app/session.ts';
import { limitFlag, shortTime } from '../../compose/run-limits.ts';
import { computeName, unlessFloat32 } from '../../core/compute.ts';
import type { PreparedData } from '../../data/prepare.ts';
import { isFiles, type Recipe } from '../../recipes/load.ts';
import { shown } from '../../recipes/read-file.ts';
import { type Limits, type Measure, type Progress, stepsOf, UNLIMITED } from '../../train/limits.ts';
import { formatCount, formatDuration, formatPlural, formatShort, formatSmall } from '../format.ts';
import { formatPairs, type Page } from '../table.ts';

/** How long a run is, and what its steps are. */
export interface RunPlan {
  readonly limits: Limits;
  readonly tokensPerStep: number;
  /** Infinity where it is not known. */
  readonly tokensPerEpoch: number;
  /** Steps in which the learning rate rises. */
  readonly warmupSteps: number;
}

/** Fewer steps change next to nothing, warm-up or not. */
const MIN_STEPS = 10;
/** A run this many times as long as its warm-up spends most of it at the rate that it was given. */
const WARMUPS = 10;

/** `2 steps of 65,536 tokens (1 epoch), or 2h 00m`: what ends a run, in steps where that can be told. */
export function describeEnd(plan: RunPlan): string {
  const { limits, tokensPerStep, tokensPerEpoch } = plan;
  const { seconds, ...work } = limits;
  const steps = stepsOf(limits, tokensPerStep, tokensPerEpoch);
  const endsAt = (name: string, amount: number) =>
    stepsOf({ ...UNLIMITED, [name]: amount }, tokensPerStep, tokensPerEpoch);
  // A limit that another one comes before does not describe the end.
  const given = Object.entries(work).filter(
    ([name, amount]) => name !== 'steps' && Number.isFinite(amount) && !(endsAt(name, amount) > steps),
  );
  const amounts = given.map(([name, amount]) => describeAmount(name as Measure, amount));
  const size = `of ${formatPlural(tokensPerStep, 'token')}`;
  const inSteps = Number.isFinite(steps)
    ? [`${formatPlural(steps, 'step')} ${size}${amounts.length ? ` (${amounts.join(', ')})` : ''}`]
    : amounts;
  const time = Number.isFinite(seconds) ? [`${formatDuration(seconds)} of training`] : [];
  const ends = [...inSteps, ...time].join(', or ');
  return Number.isFinite(steps) ? ends : `${ends}, in steps ${size}`;
}

/** `5.2M tokens`, `1 epoch`, `45 s` */
export function describeAmount(measure: Measure, amount: number): string {
  if (measure === 'seconds') return formatDuration(amount);
  if (measure === 'tokens') return `${formatShort(amount)} tokens`;
  const noun = measure.slice(0, -1);
  return measure === 'steps'
    ? formatPlural(amount, noun)
    : `${formatSmall(amount)} ${noun}${amount === 1 ? '' : 's'}`;
}

/** What a person should know before a run of so few steps; undefined for a run that is long enough. */
export function warnOfFewSteps(plan: RunPlan, steps: number, resumed = false): string | undefined {
  const { warmupSteps, tokensPerStep } = plan;
  const short = steps < warmupSteps;
  if (!short && steps >= MIN_STEPS) return undefined;
  const held = formatPlural(steps, 'step');
  const enough = Math.max(WARMUPS * warmupSteps, 10 * MIN_STEPS);
  const why = short
    ? `the run ends after about ${held}, and the learning rate rises for ${formatCount(warmupSteps)} before it reaches optimizer.lr`
    : `the run ends after about ${held}, which change next to nothing`;
  if (resumed) return `warning: ${why}. Give it more, such as --more ${enough}steps.`;
  const smaller = `or smaller steps than of ${formatCount(tokensPerStep)} tokens: --set data.batch=...`;
  return `warning: ${why}. Give it more, such as --steps ${enough}, ${smaller}`;
}

/** Steps after the first, and seconds of training, after which the speed of steps is known well enough. */
const MIN_MEASURED = { steps: 3, share: 1 / 20, seconds: 1 };

/** How many steps a limit in time holds, once a few of them were measured. */
export class BudgetEstimate {
  private told = false;
  /** Seconds of each step, the first left out: it pays for what every later one finds ready. */
  private readonly durations: number[] = [];
  private last: Progress;

  /** `start` is where the run is when it begins. */
  constructor(
    private readonly plan: RunPlan,
    private readonly start: Progress,
  ) {
    this.last = start;
  }

  /** Asked after each step; the number of steps in the whole run, once. */
  stepsOnce(now: Progress): number | undefined {
    const { limits, tokensPerStep, tokensPerEpoch } = this.plan;
    if (this.told || !Number.isFinite(limits.seconds)) return undefined;
    const { start, last, durations } = this;
    const { step, seconds } = now;
    if (last !== start) durations.push(seconds - last.seconds);
    this.last = now;
    const enough = Math.min(MIN_MEASURED.seconds, limits.seconds * MIN_MEASURED.share);
    const isMeasured = durations.length >= MIN_MEASURED.steps && seconds - start.seconds >= enough;
    if (seconds < limits.seconds && !isMeasured) return undefined;
    this.told = true;
    // The middle one: the second and third step are often slow too.
    const typical = durations.toSorted((a, b) => a - b)[durations.length >> 1] ?? Number.POSITIVE_INFINITY;
    const estimate = step + Math.ceil(Math.max(0, limits.seconds - seconds) / typical);
    // Where the work comes to its end first, that has been said.
    return estimate < stepsOf(limits, tokensPerStep, tokensPerEpoch) ? estimate : undefined;
  }
}

/** Why nothing was left to train in a run that has come to an end, and what to type. */
export function describeNothingLeft(limits: Limits, progress: Progress): string {
  const done: Readonly<Record<Measure, number>> = { ...progress, steps: progress.step };
  const measures: readonly Measure[] = ['steps', 'tokens', 'epochs', 'seconds'];
  const measure = measures.find((one) => done[one] >= limits[one]) ?? 'steps';
  const used = measure === 'seconds' ? Math.round(done.seconds) || 1 : done[measure];
  const double = measure === 'seconds' ? 2 * used : Number((2 * used).toPrecision(3));
  const noun = done[measure] === 1 ? measure.slice(0, -1) : measure;
  const more = measure === 'seconds' ? shortTime(used) : `${Number(used.toPrecision(3))}${noun}`;
  const isDone = done[measure] === 1 ? 'is done' : 'are done';
  return (
    `Nothing was left to train: a limit counts from the start of the run, and ${describeAmount(measure, used)} ` +
    `${measure === 'seconds' ? 'is used' : isDone}. Give ${limitFlag(measure, double)}, or --more ${more}.`
  );
}

/** What runs, in a few lines before the first step: model, backend, path, data, directory. */
export function introduce(session: Session, plan: RunPlan, page: Page): string[] {
  const { recipe, composed, data, directory, run, startStep } = session;
  const { backend, model } = composed;
  const tokenWise = model.coupling === 'row';
  const path =
    run.trainer.mode === 'collapsed'
      ? 'path collapsed (each distinct token is computed once a step)'
      : `path dense (every token is computed${tokenWise ? ', because collapse is off' : ''})`;
  const compute = computeName(run.trainer.compute);
  const how = [backend.name, formatPlural(backend.threads, 'thread'), ...unlessFloat32(compute), path];
  return [
    ...formatPairs(
      [
        [
          'model',
          `${recipe.name}: ${formatPlural(model.store.count, 'parameter')}${tokenWise ? ', token-wise' : ''}`,
        ],
        ['backend', how.join(', ')],
        ['data', describeData(recipe.data.source, data)],
        ['ends', describeEnd(plan)],
        ['run', shown(directory.path)],
      ],
      page,
    ),
    ...(startStep ? [goingOn(session)] : []),
  ];
}

/** Limits also count what the run has already done. */
function goingOn({ run }: Session): string {
  const { step, seconds } = run.trainer.progress;
  return `going on after step ${formatCount(step)} and ${formatDuration(seconds)} of training, which limits count too`;
}

function describeData(source: Recipe['data']['source'], { train, valid }: Session['data']): string {
  const files = isFiles(source) ? [source].flat() : [source.component.type];
  const name = files.length > 1 ? `${shown(files[0]!)} and ${files.length - 1} more` : shownSource(files[0]!);
  const size = ({ tokens }: PreparedData): string =>
    `${formatPlural(tokens.tokens, 'token')} in ${formatPlural(tokens.info.documents, 'document')}`;
  return `${name}: ${size(train)}${valid ? `, validation ${size(valid)}` : ''}`;
}

/** Files of a loaded recipe have absolute paths; what has none is a data set's name. */
function shownSource(source: string): string {
  return source.startsWith('/') || /^[A-Za-z]:\\/.test(source) ? shown(source) : source;
}
