import { CallTimer } from '../backends/timed/call-timer.ts';
import { wrapBackend } from '../backends/wrap.ts';
import type { MakeTraining } from '../compose/recipe-training.ts';
import type { Backend } from '../core/backend.ts';
import type { StepMode } from '../core/hook.ts';
import type { OpName } from '../core/kernels.ts';
import { Trainer } from '../train/trainer.ts';
import { type Effort, interleave, type Summary, summarize } from './measurement.ts';

/** Where the time of one step went. */
export interface StepTime {
  readonly seconds: number;
  /** The longest first. */
  readonly ops: readonly { readonly op: OpName; readonly calls: number; readonly seconds: number }[];
}

/** The parts of a step; together they are the whole of it. */
export interface Breakdown {
  /** Inside the kernels, the longest first. */
  readonly ops: readonly {
    readonly op: OpName;
    readonly calls: number;
    readonly seconds: number;
    readonly share: number;
  }[];
  /** Handing over and checking arguments, as `calls` calls with nothing to do take it. */
  readonly binding: { readonly calls: number; readonly seconds: number; readonly share: number };
  /** Everything else: batches, counts, blocks, layers. */
  readonly typescript: { readonly seconds: number; readonly share: number };
}

/** A recipe's training with one precision of its arithmetic. */
export interface Variant {
  /** As `StepEvent` has it: `f32`. */
  readonly compute: string;
  readonly make: MakeTraining;
}

/** Whole training steps in one mode with one number of threads and one precision. */
export interface StepResult {
  readonly backend: string;
  readonly threads: number;
  readonly path: StepMode;
  /** Reports from before there was a choice have none. */
  readonly compute?: string;
  /** Of one step. */
  readonly seconds: Summary;
  /** In this mode, at the median. */
  readonly tokensPerSecond: number;
  /** Share of the step that is not spent inside kernels: binding and TypeScript. */
  readonly outsideShare: number;
  /** Of the step whose time is the median (the one below, for an even number of steps). */
  readonly breakdown: Breakdown;
}

/**
 * Tells kernels from the rest, and no more: what `timed` finds out about layers and arithmetic takes longer than the
 * TypeScript that is to be measured.
 */
export class Stopwatch {
  readonly backend: Backend;
  private sums = new Map<OpName, { calls: number; seconds: number }>();

  constructor(inner: Backend) {
    const timer = new CallTimer<OpName>(inner, (op, seconds) => {
      const sum = this.sums.get(op) ?? { calls: 0, seconds: 0 };
      sum.calls++;
      sum.seconds += seconds;
      this.sums.set(op, sum);
    });
    this.backend = wrapBackend('timed', inner, (op, _values, call) => timer.time(op, call), timer.own);
  }

  /** What was added since the last call of this method. */
  take(): StepTime['ops'] {
    const ops = [...this.sums].map(([op, sum]) => ({ op, ...sum }));
    this.sums = new Map();
    return ops.sort((a, b) => b.seconds - a.seconds);
  }
}

/** A training run that takes one step at a time. */
export class StepBench {
  private readonly watch: Stopwatch;
  private readonly trainer: Trainer;
  private readonly tokens: number;
  private stepSeconds = 0;

  constructor(
    private readonly inner: Backend,
    mode: StepMode,
    private readonly variant: Variant,
  ) {
    this.watch = new Stopwatch(inner);
    const { parts, options } = variant.make(this.watch.backend, mode);
    this.tokens = options.tokensPerStep;
    const onStep = ({ tokensPerSecond }: { tokensPerSecond: number }) => {
      this.stepSeconds = this.tokens / tokensPerSecond;
    };
    this.trainer = new Trainer(parts, options, [{ onStep }]);
  }

  /** One step. A trainer that is stopped before it begins still does one step. */
  async step(): Promise<StepTime> {
    this.watch.take();
    await this.trainer.run(AbortSignal.abort());
    return { seconds: this.stepSeconds, ops: this.watch.take() };
  }

  /** `callSeconds`: the cost of a call without work. */
  result(steps: readonly StepTime[], callSeconds: number): StepResult {
    const seconds = summarize(steps.map((step) => step.seconds));
    const inOrder = [...steps].sort((a, b) => a.seconds - b.seconds);
    const breakdown = breakDown(inOrder[Math.floor((inOrder.length - 1) / 2)]!, callSeconds);
    return {
      backend: this.inner.name,
      threads: this.inner.threads,
      path: this.trainer.mode,
      compute: this.variant.compute,
      seconds,
      tokensPerSecond: this.tokens / seconds.median,
      outsideShare: breakdown.binding.share + breakdown.typescript.share,
      breakdown,
    };
  }
}

/** Splits a step so that the parts add up to it. */
export function breakDown({ seconds, ops }: StepTime, callSeconds: number): Breakdown {
  const share = (part: number) => ({ seconds: part, share: part / seconds });
  // No call can cost more than it took.
  const binding = ops.map((op) => Math.min(op.seconds, op.calls * callSeconds));
  const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
  return {
    ops: ops.map(({ op, calls, seconds: whole }, i) => ({ op, calls, ...share(whole - binding[i]!) })),
    binding: { calls: total(ops.map(({ calls }) => calls)), ...share(total(binding)) },
    typescript: share(seconds - total(ops.map((op) => op.seconds))),
  };
}

/**
 * Benchmarks each variant in each mode on each backend, taking turns, after one warm-up step.
 * @param callSeconds for each backend, the cost of a call without work.
 */
export async function benchSteps(
  backends: readonly Backend[],
  variants: readonly Variant[],
  modes: readonly StepMode[],
  callSeconds: readonly number[],
  { stepRounds, stepSeconds }: Effort,
  onProgress?: (share: number) => void,
): Promise<StepResult[]> {
  const benches = backends.flatMap((backend) =>
    variants.flatMap((variant) => modes.map((mode) => new StepBench(backend, mode, variant))),
  );
  const turns = benches.map((bench) => async () => {
    const steps: StepTime[] = [];
    for (let passed = 0; steps.length === 0 || passed < stepSeconds; passed += steps.at(-1)!.seconds) {
      steps.push(await bench.step());
    }
    return steps;
  });
  const times = await interleave(turns, 1 + stepRounds, onProgress);
  return benches.map((bench, i) => {
    return bench.result(
      times[i]!.slice(1).flat(),
      callSeconds[Math.floor((i * backends.length) / benches.length)]!,
    );
  });
}
