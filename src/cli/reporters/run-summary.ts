import type { Session } from '../../app/session.ts';
import { unlessFloat32 } from '../../core/compute.ts';
import type { Ending, StepEvent } from '../../core/hook.ts';
import type { Recipe } from '../../recipes/load.ts';
import { shown } from '../../recipes/read-file.ts';
import type { Divergence } from '../../train/divergence.ts';
import type { DoneEvent, EvalEvent, SampleEvent, TimingEvent, TrainEvent } from '../../train/events.ts';
import { initAdvice } from '../../train/init-advice.ts';
import {
  formatBits,
  formatCount,
  formatDuration,
  formatLoss,
  formatPlural,
  formatPpl,
  formatRate,
  formatShort,
  formatSmall,
  printable,
} from '../format.ts';
import { type Column, formatTable, type Page } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { timingTables } from '../timing-tables.ts';
import type { ProgressMeter } from './progress-meter.ts';
import { describeNothingLeft } from './run-plan.ts';

/** A run that learned nothing at this rate may at a quarter of it. */
const LOWER = 1 / 4;

/** The largest rate among the optimiser's examples: a quarter of 1e9 is not useful advice. */
function usualRate({ optimizer }: Recipe): number {
  const rates = optimizer.component.examples.map(({ lr }) => lr).filter((lr) => typeof lr === 'number');
  return rates.length > 0 ? Math.max(...rates) : Number.POSITIVE_INFINITY;
}

/** What went wrong with the loss, and the one thing to try. */
export function describeDivergence(
  { kind, step, loss, chance, min, lr }: Divergence,
  { recipe, composed }: Pick<Session, 'recipe' | 'composed'>,
): string {
  const guessing = `${formatLoss(chance)}, what guessing gives`;
  if (kind === 'start') {
    const what = `warning: the loss begins at ${formatLoss(loss)}, far above ${guessing}.`;
    return `${what} ${initAdvice(composed.model.store)}`;
  }
  const where = loss > chance ? `far above ${guessing}` : `and was ${formatLoss(min)}`;
  const lower = Number(Math.min(lr * LOWER, usualRate(recipe)).toPrecision(2));
  // A schedule that ends above the new rate would be refused.
  const least = Number(recipe.schedule.options.min_lr ?? 0);
  const end = least > lower ? ` --set schedule.min_lr=${formatSmall(lower / 10)}` : '';
  return (
    `warning: the run diverges: the loss is about ${formatLoss(loss)} at step ${formatCount(step)}, ${where}. ` +
    `Start again with a lower learning rate: --set optimizer.lr=${formatSmall(lower)}${end}`
  );
}

const REASONS: Readonly<Record<Exclude<Ending, 'interrupted'>, string>> = {
  steps: 'all steps are done',
  tokens: 'all tokens are done',
  epochs: 'all epochs are done',
  time: 'the time is up',
};

/** Remembers what the end of a run should tell a person. */
export class RunSummary {
  private step: StepEvent | undefined;
  private sample: SampleEvent | undefined;
  private timing: TimingEvent | undefined;
  /** The last one of each split, in their order. */
  private readonly evals = new Map<string, EvalEvent>();

  constructor(private readonly meter: ProgressMeter) {}

  add(event: TrainEvent): void {
    if (event.event === 'step') this.step = event;
    else if (event.event === 'sample') this.sample = event;
    else if (event.event === 'timing') this.timing = event;
    else if (event.event === 'eval') {
      this.evals.delete(event.split);
      this.evals.set(event.split, event);
    }
  }

  /** The end of a finished run: scores, speed, a sample, where it is and what to type next. */
  describe(
    done: DoneEvent,
    session: Session,
    divergence: Divergence | null,
    next: string,
    terminal: Terminal,
  ): string[] {
    const { styles } = terminal;
    const { ending, step } = done;
    // Validation losses of earlier steps are not the run's result.
    const evals = [...this.evals.values()].filter((event) => event.step === step);
    return [
      '',
      styles.bold(
        `Done after ${formatPlural(step, 'step')}: ${ending === 'interrupted' ? '' : REASONS[ending]}.`,
      ),
      ...(divergence ? [styles.yellow(describeDivergence(divergence, session))] : []),
      '',
      ...scores(evals, this.meter.floor, terminal),
      '',
      this.step
        ? this.speed(this.step, session)
        : describeNothingLeft(this.meter.limits, this.meter.progress),
      ...(session.composed.backend.findings?.() ?? []),
      ...(this.timing ? ['', ...timingTables(this.timing, terminal)] : []),
      ...(this.sample
        ? ['', styles.bold('Sample'), ...indent(printable(this.sample.text)), ...this.babble(session)]
        : []),
      '',
      `Run directory: ${shown(done.runDir)}`,
      `Next: ${styles.bold(next)}`,
    ];
  }

  private babble({ recipe, composed }: Session): string[] {
    return composed.model.coupling === 'row' ? [babbleNote(recipe.name)] : [];
  }

  private speed({ path, backend, compute }: StepEvent, { composed }: Session): string {
    const { progress, meanTokensPerSecond } = this.meter;
    const threads = formatPlural(composed.backend.threads, 'thread');
    const where = [`path ${path}`, `backend ${backend}`, ...unlessFloat32(compute), threads].join(', ');
    return (
      `${formatRate(meanTokensPerSecond)} (${where}); ` +
      `${formatShort(progress.tokens)} tokens in ${formatDuration(progress.seconds)} of training`
    );
  }
}

const COLUMNS: readonly Column[] = [
  { title: '', align: 'left' },
  ...['loss', 'PPL', 'BPC', 'BPB', 'tokens', 'characters'].map(
    (title) => ({ title, align: 'right' }) as const,
  ),
];

function scores(evals: readonly EvalEvent[], floor: number | null, page: Page): string[] {
  const rows = evals.map((event) => [
    event.split,
    formatLoss(event.loss),
    formatPpl(event, 2),
    formatBits(event.bpc, event, 3),
    formatBits(event.bpb, event, 3),
    formatCount(event.tokens),
    formatCount(event.characters),
  ]);
  const label = evals.every((event) => event.causal)
    ? ''
    : '; not causal: the model may see what it predicts, so these are not scores of a language model';
  if (rows.length === 0) return [];
  return [
    ...formatTable(COLUMNS, rows, page),
    `(loss in nats a token${label})`,
    ...(floor === null
      ? []
      : [
          `floor ${formatLoss(floor)}: the lowest loss of any model that sees one token, on the training text`,
        ]),
  ];
}

/** What a reader of a sample would take for a fault. */
export function babbleNote(name: string): string {
  return `(${name} sees one token at a time, so even at its best it writes babble: each token follows from the one before alone.)`;
}

function indent(text: string): string[] {
  return text
    .trim()
    .split('\n')
    .map((line) => `  ${line}`.trimEnd());
}
