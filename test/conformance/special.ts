import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import type { Backend } from '../../src/core/backend.ts';
import type { Outcome } from '../../src/core/ops/agreement.ts';
import { flatArgs } from '../../src/core/ops/calls.ts';
import { type Input, inputsOf, type TensorInput, variants } from '../../src/core/ops/inputs.ts';
import { complete } from '../../src/core/ops/op-dims.ts';
import { Random } from '../../src/core/random.ts';
import { mat } from '../../src/core/tensor.ts';
import { runOp } from '../../src/verify/op-run.ts';
import type { SpecialCall } from './special-calls.ts';

const f64 = createReferenceBackend('f64');

/** The inputs of a special call, with the first variant that has all optional arguments and the choices. */
function inputsFor({ op, dims, choices = [], inputs }: SpecialCall): Input[] {
  const all = Array.from({ length: variants(op) }, (_, variant) =>
    inputsOf({ op, dims: complete(op, dims), seed: 0, variant }),
  );
  const drawn = all.find((some) => {
    const isWhole = some.every((input) => typeof input !== 'object' || input.values);
    return isWhole && choices.every((choice) => some.includes(choice));
  })!;
  const names = flatArgs(op).map(({ name }) => name);
  return drawn.map((input, i) => {
    const given = inputs[names[i]!];
    if (given === undefined) return input;
    if (typeof given === 'number') return given;
    const { values } = input as TensorInput;
    return { ...(input as TensorInput), values: values!.map((_, at) => Math.fround(given(at))) };
  });
}

function expectClose(actual: Outcome, expected: Outcome, within: number): void {
  for (const [name, { data }] of expected.tensors) {
    const mine = actual.tensors.get(name)!.data;
    data.forEach((value: number, i: number) => {
      if (Math.abs(mine[i]! - value) <= within * Math.abs(value)) return;
      throw new Error(`${name}[${i}] is ${mine[i]}, expected ${value} within a share of ${within}`);
    });
  }
  if (expected.returned === undefined) return;
  if (!(Math.abs(actual.returned! - expected.returned) <= within * Math.abs(expected.returned)))
    throw new Error(`returned ${actual.returned}, expected ${expected.returned} within a share of ${within}`);
}

/**
 * Throws unless AdamW's decay, though it changes only a weight's last digits, takes `lr * decay` from the
 * weights on average: rounding each new weight is unbiased, rounding the decay factor first is not.
 */
export function expectDecayUnbiased(backend: Backend): void {
  const [p, m, v, g] = ['p', 'm', 'v', 'g'].map((name) => mat('f32', 1, 20_000, name));
  const random = new Random(1, 'decay');
  p!.data.forEach((_, i) => {
    p!.data[i] = 1 + random.uniform();
  });
  const before = Float64Array.from(p!.data as Float32Array);
  const [lr, decay] = [3.3e-4, 0.1];
  backend.kernels.adamW(p!, m!, v!, g!, lr, 0.9, 0.999, 1e-8, decay, 1);
  let [lost, all] = [0, 0];
  before.forEach((value, i) => {
    lost += value - p!.data[i]!;
    all += value;
  });
  const share = lost / all / (lr * decay);
  if (Math.abs(share - 1) > 2e-4) throw new Error(`weights lose ${share} of lr * decay`);
}

interface Truth {
  readonly inputs: readonly Input[];
  readonly expected: Outcome;
}
/** Computed once for all instruction sets. */
const truths = new Map<SpecialCall, Truth>();
function truthOf(call: SpecialCall): Truth {
  let known = truths.get(call);
  if (!known) {
    const inputs = inputsFor(call);
    known = { inputs, expected: runOp(f64, call.op, inputs) };
    truths.set(call, known);
  }
  return known;
}

/** Throws unless every element that a special call writes is close to float64's. */
export function expectDigitsKept(backend: Backend, call: SpecialCall): void {
  const { inputs, expected } = truthOf(call);
  expectClose(runOp(backend, call.op, inputs), expected, call.within);
}
