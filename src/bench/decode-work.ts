import { wrapBackend } from '../backends/wrap.ts';
import { composeModel } from '../compose/run.ts';
import type { Backend } from '../core/backend.ts';
import { flatArgs, flatValues } from '../core/ops/calls.ts';
import { dimsOf } from '../core/ops/op-dims.ts';
import { OPS } from '../core/ops/table.ts';
import { trafficOf } from '../core/ops/traffic.ts';
import type { Quantized, Tensor } from '../core/tensor.ts';
import type { Recipe } from '../recipes/load.ts';
import type { MachineLimits } from './machine-limits.ts';
import { type Arithmetic, arithmeticOf, arithmeticOn, type Bound, levelOf, rateOf } from './op-bench.ts';
import type { CodeRange } from './op-case.ts';

type Model = ReturnType<typeof composeModel>;

/** What writing one more token of some texts takes, whichever kernels do it. */
export interface DecodeWork {
  /** Of all weights that are read, each once: 2 bits for a ternary one; of a table of tokens, the rows that are looked up. */
  readonly weightBytes: number;
  /** Operations of each kind of arithmetic. */
  readonly flops: Readonly<Partial<Record<Arithmetic, number>>>;
}

const TERNARY_BITS = 2;
const NONE = { rows: 0, cols: 0 };

/**
 * Counts the work of the kernel calls that `run` makes on a model of the recipe. The kernels do nothing.
 * @param inner says what tensors are made of.
 * @param start makes what is run, on that model; its calls until then do not count.
 */
export function countWork(recipe: Recipe, inner: Backend, start: (model: Model) => () => void): DecodeWork {
  let [weightBytes, counting] = [0, false];
  const flops: Partial<Record<Arithmetic, number>> = {};
  const ranges = new Map<unknown, CodeRange>();
  const idle = wrapBackend('idle', inner, (op, values) => {
    // Codes are what the rule makes that is asked for: no kernel has written any.
    if (op === 'quantizeRows') ranges.set(values[0], values[3] === 'int8' ? 'int8' : 'ternary');
    if (!counting) return OPS[op].returns === 'number' ? 0 : undefined;
    const dims = dimsOf(op, values);
    const args = flatArgs(op);
    const flat = flatValues(op, values);
    const isIn = (weights: ReadonlySet<unknown>, i: number): boolean =>
      args[i]!.kind === 'tensor' && flat[i] !== null && weights.has((flat[i] as Tensor).data.buffer);
    const read = new Set(args.flatMap(({ name }, i) => (isIn(floats, i) ? [name] : [])));
    weightBytes += trafficOf(op, dims, inner, (name) => read.has(name)).read;
    for (const [i, value] of flat.entries()) {
      const { rows, cols } = isIn(ternary, i) ? (value as Tensor) : NONE;
      weightBytes += (rows * cols * TERNARY_BITS) / 8;
    }
    const choice = args.findIndex((arg) => arg.kind === 'choice');
    const codes = OPS[op].integer ? ranges.get((values[1] as Quantized).codes)! : null;
    const kind = arithmeticOf({ op, choice: choice < 0 ? null : (flat[choice] as string), codes });
    flops[kind] = (flops[kind] ?? 0) + OPS[op].flops(dims);
    return OPS[op].returns === 'number' ? 0 : undefined;
  });
  const model = composeModel(recipe, { ...idle, dispose: () => {} });
  const { floats, ternary } = weightsOf(model);
  try {
    const run = start(model);
    counting = true;
    run();
  } finally {
    model.release();
  }
  return { weightBytes, flops };
}

/** The memory of a model's weights: those that are numbers, and those that are ternary, as codes or as a matrix. */
function weightsOf({ store }: Model) {
  const buffers = (tensors: readonly (Tensor | null)[]): Set<unknown> =>
    new Set(tensors.flatMap((tensor) => (tensor ? [tensor.data.buffer] : [])));
  const quantised = store.all.filter((p) => p.quantised);
  return {
    floats: buffers([store.values, ...quantised.flatMap((p) => [p.ternary.scale, p.ternary.rowScale])]),
    ternary: buffers(quantised.flatMap((p) => [p.ternary.codes, p.isDense ? p.dense : null])),
  };
}

/** The slower of reading the weights once, from the nearest memory that holds them, and of the arithmetic. */
export function boundOfWork({ weightBytes, flops }: DecodeWork, limits: MachineLimits): Bound {
  const level = levelOf(weightBytes, limits);
  const memory = { limit: level.name, seconds: weightBytes / level.read };
  const parts = (Object.keys(flops) as Arithmetic[]).map((wanted) => {
    const limit = arithmeticOn(wanted, limits);
    return { limit, seconds: flops[wanted]! / rateOf(limit, limits) };
  });
  const seconds = parts.reduce((sum, part) => sum + part.seconds, 0);
  if (seconds <= memory.seconds) return memory;
  const [{ limit }] = parts.sort((a, b) => b.seconds - a.seconds) as [Bound];
  return { limit, seconds };
}
