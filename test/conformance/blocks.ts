import type { OpName } from '../../src/core/kernels.ts';
import type { Outcome } from '../../src/core/ops/agreement.ts';
import { flatArgs, groupedValues } from '../../src/core/ops/calls.ts';
import { type Dim, type Dims, hasSymbol, sizeOf } from '../../src/core/ops/dims.ts';
import type { Input } from '../../src/core/ops/inputs.ts';
import { dimsOf } from '../../src/core/ops/op-dims.ts';
import { OPS } from '../../src/core/ops/table.ts';
import { type Tensor, tensor } from '../../src/core/tensor.ts';

/**
 * Where row `row` of the batch begins in a tensor's rows; null for a tensor that all blocks share. A
 * dimension that contains `M` is cut by rows, one that contains `S` by sequences.
 */
function startOf(op: OpName, dim: Dim, row: number, inputs: readonly Input[]): number | null {
  if (!OPS[op].independent || (!hasSymbol(dim, 'M') && !hasSymbol(dim, 'S'))) return null;
  return sizeOf(dim, { ...dimsIn(op, inputs), M: row, S: row / seqLenOf(op, inputs) });
}

/** The dimensions of a call, by its inputs. */
function dimsIn(op: OpName, inputs: readonly Input[]): Dims {
  const values = inputs.map((input) => (typeof input === 'object' && !input.values ? null : input));
  return dimsOf(op, groupedValues(op, values));
}

const seqLenOf = (op: OpName, inputs: readonly Input[]): number => dimsIn(op, inputs).T ?? 1;

/**
 * The inputs of rows [begin, end) of a call. Accumulators start from `before`, the outcome of the previous
 * block.
 */
export function blockOf(
  op: OpName,
  inputs: readonly Input[],
  begin: number,
  end: number,
  before?: Outcome,
): Input[] {
  return inputs.map((input) => {
    if (typeof input !== 'object' || !input.values) return input;
    const { arg, cols, values } = input;
    const [first, last] = [startOf(op, arg.rows, begin, inputs), startOf(op, arg.rows, end, inputs)];
    if (first === null || last === null) {
      const grown = arg.role === 'acc' ? before?.tensors.get(arg.name) : undefined;
      return grown ? { ...input, values: Float64Array.from(grown.data) } : input;
    }
    // Of M + 1 offsets, blocks share the one between them.
    const from = first - startOf(op, arg.rows, 0, inputs)!;
    return { ...input, rows: last - from, values: values.slice(from * cols, last * cols) };
  });
}

/** The outcomes of two blocks, joined as one call on all rows would give them. */
export function joined(op: OpName, first: Outcome, second: Outcome): Outcome {
  const tensors = flatArgs(op).flatMap((arg): [string, Tensor][] => {
    const [a, b] = [first.tensors.get(arg.name), second.tensors.get(arg.name)];
    if (arg.kind !== 'tensor' || !a || !b) return [];
    if (!hasSymbol(arg.rows, 'M') && !hasSymbol(arg.rows, 'S')) return [[arg.name, b]];
    const whole = tensor(a.dtype, a.rows + b.rows, a.cols, a.label);
    (whole.data as Float64Array).set(a.data);
    (whole.data as Float64Array).set(b.data, a.data.length);
    return [[arg.name, whole]];
  });
  return { tensors: new Map(tensors), returned: second.returned, choices: second.choices };
}
