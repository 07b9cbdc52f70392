import type { StepEvent, WorkProgress } from '../../core/hook.ts';
import type { EvalEvent, SampleEvent, TernaryEvent, TrainEvent } from '../../train/events.ts';
import {
  formatBits,
  formatCount,
  formatDuration,
  formatLoss,
  formatPercent,
  formatPpl,
  formatRate,
  formatSmall,
  printable,
} from '../format.ts';
import type { ProgressMeter } from './progress-meter.ts';

const MAX_SAMPLE_CHARACTERS = 160;

/** `step 120/700  loss 3.4012 (floor 3.1021)  lr 0.01  1.23M tokens/s  12 s left` */
export function stepLine(event: StepEvent, meter: ProgressMeter): string {
  return [
    stepName(event.step, meter),
    lossText(event, meter),
    `lr ${formatSmall(event.lr)}`,
    formatRate(meter.tokensPerSecond),
    ...timeLeft(meter),
  ].join('  ');
}

/** What follows a progress bar: short enough for 80 columns. */
export function barDetail(event: StepEvent, meter: ProgressMeter): string {
  return [lossText(event, meter), formatRate(meter.tokensPerSecond), ...timeLeft(meter)].join('  ');
}

/** `step 120/700`, without the end where it is not known in steps. */
export function stepName(step: number, { lastStep }: ProgressMeter): string {
  return `step ${formatCount(step)}${lastStep === undefined ? '' : `/${formatCount(lastStep)}`}`;
}

/** The task of work that is not an event yet: `evaluating valid`, `step 3/400`. */
export function taskName({ work, split }: WorkProgress, meter: ProgressMeter): string {
  if (work === 'evaluation') return `evaluating ${split}`;
  return work === 'sample' ? 'writing a sample' : stepName(meter.progress.step + 1, meter);
}

/** Of a step that takes long: `34% of the step  1,200 tokens/s  5m 20s left`, the time of the run. */
export function stepDetail({ share }: WorkProgress, meter: ProgressMeter): string {
  const percent = `${Math.floor(share * 100)}% of the step`;
  return [percent, formatRate(meter.tokensPerSecond), ...timeLeft(meter)].join('  ');
}

/** The line for everything but steps and the end; undefined for those. */
export function eventLine(event: TrainEvent): string | undefined {
  switch (event.event) {
    case 'eval':
      return `step ${formatCount(event.step)}  ${event.split}: ${evalText(event)}`;
    case 'ternary':
      return `step ${formatCount(event.step)}  ternary: ${codesText(event)}`;
    case 'sample':
      return `step ${formatCount(event.step)}  sample: ${shortSample(event)}`;
    case 'checkpoint':
      return `step ${formatCount(event.step)}  checkpoint written`;
    default:
      return undefined;
  }
}

/** `31.2% -1  38.0% 0  30.8% +1  0.021% flipped by this step` */
function codesText({ minus, zero, plus, flipped }: TernaryEvent): string {
  const shares = [`${formatPercent(minus)} -1`, `${formatPercent(zero)} 0`, `${formatPercent(plus)} +1`];
  return [...shares, `${formatSmall(100 * flipped)}% flipped by this step`].join('  ');
}

/** Loss, PPL, BPC and BPB with what they rest on. */
export function evalText(event: EvalEvent): string {
  const { loss, bpc, bpb, tokens, characters } = event;
  const bits = `BPC ${formatBits(bpc, event, 3)}  BPB ${formatBits(bpb, event, 3)}`;
  return `loss ${formatLoss(loss)}  PPL ${formatPpl(event, 2)}  ${bits}  (${formatCount(tokens)} tokens, ${formatCount(characters)} characters)`;
}

/** Beside the floor of the whole training text: that of one batch is another number at every step. */
function lossText({ loss }: StepEvent, { floor }: ProgressMeter): string {
  return `loss ${formatLoss(loss)}${floor === null ? '' : ` (floor ${formatLoss(floor)})`}`;
}

function timeLeft(meter: ProgressMeter): string[] {
  const left = meter.secondsLeft;
  return left === undefined ? [] : [`${formatDuration(Math.ceil(left))} left`];
}

function shortSample({ text }: SampleEvent): string {
  const line = printable(text.replace(/\s+/g, ' ').trim());
  return line.length > MAX_SAMPLE_CHARACTERS ? `${line.slice(0, MAX_SAMPLE_CHARACTERS - 1)}…` : line;
}
