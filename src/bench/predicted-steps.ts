import type { Backend } from '../core/backend.ts';
import type { Path } from '../core/hook.ts';
import { CallCounter, type CallCounter as Counter } from './call-count.ts';
import { type Assumed, type CallsOn, type PredictedStep, predictStep } from './prediction.ts';
import { breakDown, StepBench, type StepResult, type Variant } from './step-bench.ts';
import { summarize } from './summary.ts';

/** A step as it should be on a machine of more cores that are like the one that was measured. */
export interface Prediction {
  readonly cores: number;
  readonly path: Path;
  readonly compute: string;
  /** With memory that keeps up with all cores. */
  readonly free: PredictedStep;
  /** With memory that gives all cores together what it gave here. */
  readonly bound: PredictedStep;
}

const IDLE_STEPS = 5;

/** The calls of a step on so many cores, and what its TypeScript takes there by itself. */
export async function callsOn(inner: Backend, cores: number, path: Path, variant: Variant): Promise<CallsOn> {
  const counter: Counter = new CallCounter(inner, cores);
  const bench = new StepBench(counter.backend, path, variant);
  const calls = await counter.during(() => bench.step());
  const idle: number[] = [];
  while (idle.length < IDLE_STEPS) idle.push(breakDown(await bench.step(), 0).typescript.seconds);
  return { cores, calls, idleTypescript: summarize(idle).median };
}

/**
 * Predicts each of `results` that was measured on one core for every number of `cores`.
 * @param backend with one thread
 */
export async function predictSteps(
  backend: Backend,
  results: readonly StepResult[],
  variants: readonly Variant[],
  tokens: number,
  cores: readonly number[],
  assumed: Assumed,
): Promise<Prediction[]> {
  const predictions: Prediction[] = [];
  for (const { path, compute, breakdown } of results.filter(({ threads }) => threads === 1)) {
    const variant = variants.find((each) => each.compute === compute)!;
    const { ops, binding, typescript } = breakdown;
    const single = await callsOn(backend, 1, path, variant);
    const one = {
      tokens,
      ops,
      binding: binding.seconds,
      typescript: typescript.seconds,
      calls: single.calls,
      idleTypescript: single.idleTypescript,
    };
    for (const count of cores) {
      const on = count === 1 ? single : await callsOn(backend, count, path, variant);
      const bound = predictStep(one, on, assumed, backend);
      const free = predictStep(one, on, { ...assumed, memory: Number.POSITIVE_INFINITY }, backend);
      predictions.push({ cores: count, path, compute: variant.compute, free, bound });
    }
  }
  return predictions;
}
