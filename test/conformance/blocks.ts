import type { OpName } from '../../src/core/kernels.ts';
import type { Outcome } from '../../src/core/ops/agreement.ts';
import { flatArgs } from '../../src/core/ops/calls.ts';
import type { Input } from '../../src/core/ops/inputs.ts';
import { batchSymbol } from '../../src/core/ops/op-dims.ts';
import { OPS } from '../../src/core/ops/table.ts';
import { type Tensor, tensor } from '../../src/core/tensor.ts';

/** How many of a tensor's rows belong to `rows` rows of the batch; null for a tensor that all blocks share. */
function share(op: OpName, dim: string | number, rows: number, seqLen: number): number | null {
  if (dim === batchSymbol(op)) return rows;
  return dim === OPS[op].product?.[1] ? rows / seqLen : null;
}

const seqLenOf = (op: OpName, inputs: readonly Input[]): number =>
  inputs[flatArgs(op).findIndex((arg) => arg.kind === 'scalar' && arg.symbol)] as number;

/**
 * The inputs of rows [begin, end) of a call. What all blocks share is taken from `before`, the outcome of the block
 * that came first: an accumulator goes on from there.
 */
export function blockOf(
  op: OpName,
  inputs: readonly Input[],
  begin: number,
  end: number,
  before?: Outcome,
): Input[] {
  const seqLen = seqLenOf(op, inputs);
  return inputs.map((input) => {
    if (typeof input !== 'object' || !input.values) return input;
    const { arg, cols, values } = input;
    if (arg.rows === `${batchSymbol(op)}+1`)
      return { ...input, rows: end - begin + 1, values: values.slice(begin, end + 1) };
    const first = share(op, arg.rows, begin, seqLen);
    const last = share(op, arg.rows, end, seqLen);
    if (first === null || last === null) {
      const grown = arg.role === 'acc' ? before?.tensors.get(arg.name) : undefined;
      return grown ? { ...input, values: Float64Array.from(grown.data) } : input;
    }
    return { ...input, rows: last - first, values: values.slice(first * cols, last * cols) };
  });
}

/** What two blocks wrote, put together as one call on all rows would have left it. */
export function joined(op: OpName, first: Outcome, second: Outcome): Outcome {
  const tensors = flatArgs(op).flatMap((arg): [string, Tensor][] => {
    const [a, b] = [first.tensors.get(arg.name), second.tensors.get(arg.name)];
    if (arg.kind !== 'tensor' || !a || !b) return [];
    if (share(op, arg.rows, 0, 1) === null) return [[arg.name, b]];
    const whole = tensor(a.dtype, a.rows + b.rows, a.cols, a.label);
    (whole.data as Float64Array).set(a.data);
    (whole.data as Float64Array).set(b.data, a.data.length);
    return [[arg.name, whole]];
  });
  return { tensors: new Map(tensors), returned: second.returned, choices: second.choices };
}
