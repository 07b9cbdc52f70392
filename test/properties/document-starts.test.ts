import { describe, expect, it } from 'vitest';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import type { OpName } from '../../src/core/kernels.ts';
import { flatArgs } from '../../src/core/ops/calls.ts';
import { hasSymbol } from '../../src/core/ops/dims.ts';
import { type Call, type Input, inputsOf, type TensorInput, variants } from '../../src/core/ops/inputs.ts';
import { dimsNear } from '../../src/core/ops/op-dims.ts';
import { OP_NAMES, OPS } from '../../src/core/ops/table.ts';
import { runCall } from '../../src/verify/op-run.ts';
import { nativeVariants } from '../conformance/backends.ts';
import { expectAgreement } from '../conformance/compare.ts';

const LENGTH = 17;

const BACKENDS = [
  { name: 'reference', backend: createReferenceBackend('f32') },
  ...nativeVariants().map(({ name, create }) => ({ name, backend: create(2) })),
];

const hasStarts = (op: OpName): boolean => flatArgs(op).some(({ name }) => name === 'starts');
const isTensor = (input: Input): input is TensorInput => typeof input === 'object';

interface DocumentsCall {
  readonly call: Call;
  readonly inputs: readonly Input[];
  /** The first row of each document: three or more, of which the first goes on from before the sequence. */
  readonly firsts: readonly number[];
}

/** A call on one sequence in which documents begin; null for a variant that knows no documents. */
function callOf(op: OpName, variant: number): DocumentsCall | null {
  const dims = dimsNear(op, (symbol, i) =>
    symbol === 'S' ? 1 : symbol === 'T' ? LENGTH : [3, 5, 7][i % 3]!,
  );
  const at = flatArgs(op).findIndex(({ name }) => name === 'starts');
  for (let seed = 3; ; seed += 3) {
    const call = { op, dims, seed, variant };
    // Which elements dropout drops depends on where a row is: without it.
    const inputs = inputsOf(call).map((input, i) => (flatArgs(op)[i]!.name === 'rate' ? 0 : input));
    const { values } = inputs[at] as TensorInput;
    if (!values) return null;
    const firsts = [...new Set(values)];
    if (firsts.length >= 3) return { call, inputs, firsts };
  }
}

/** The inputs of one document as a sequence: what a state or a sum held before is the first one's. */
function documentOf(op: OpName, inputs: readonly Input[], firsts: readonly number[], index: number): Input[] {
  const [first, end] = [firsts[index]!, firsts[index + 1] ?? LENGTH];
  return inputs.map((input, i): Input => {
    const arg = flatArgs(op)[i]!;
    if (arg.kind === 'scalar' && arg.symbol === 'T') return end - first;
    if (!isTensor(input) || !input.values) return input;
    if (arg.name === 'starts') return { ...input, rows: end - first, values: null };
    const { rows, cols, values } = input;
    if (input.arg.role === 'acc') return { ...input, values: new Float64Array(values.length) };
    if (hasSymbol(input.arg.rows, 'S'))
      return index === 0 ? input : { ...input, values: new Float64Array(values.length) };
    if (rows !== LENGTH || !hasSymbol(input.arg.rows, 'M')) return input;
    return { ...input, rows: end - first, values: values.slice(first * cols, end * cols) };
  });
}

describe.each(OP_NAMES.filter(hasStarts))('%s', (op) => {
  const calls = Array.from({ length: variants(op) }, (_, variant) => callOf(op, variant)).filter(
    (c) => c !== null,
  );

  it.each(BACKENDS)(`${op} gives documents of one sequence what each gives alone on $name`, ({ backend }) => {
    for (const { call, inputs, firsts } of calls) {
      // Sums over rows begin at 0: what each document adds is then what it gives.
      const cleared = inputs.map((input) =>
        isTensor(input) && input.values && input.arg.role === 'acc'
          ? { ...input, values: new Float64Array(input.values.length) }
          : input,
      );
      const together = runCall(backend, call, cleared);
      const alone = firsts.map((_, i) => runCall(backend, call, documentOf(op, cleared, firsts, i)));
      for (const [name, found] of together.tensors) {
        const arg = flatArgs(op).find((each) => each.name === name)!;
        if (arg.kind !== 'tensor') continue;
        const parts = alone.map(({ tensors }) => tensors.get(name)!);
        if (arg.role === 'acc') {
          for (const i of found.data.keys())
            expect(found.data[i]).toBeCloseTo(
              parts.reduce((sum, part) => sum + part.data[i]!, 0),
              3,
            );
          continue;
        }
        const isState = !hasSymbol(arg.rows, 'M');
        const expected = isState ? parts.slice(-1) : parts;
        found.data.set(expected.flatMap(({ data }) => [...data]) as never);
      }
      expectAgreement(op, together, runCall(backend, call, cleared));
    }
  });

  it.each(BACKENDS)(`${op} skips what a document must not see, whatever it is, on $name`, ({ backend }) => {
    for (const { call, inputs, firsts } of calls) {
      const before = runCall(backend, call, inputs);
      // Neither the second document, nor what came before the sequence, is the others' business.
      const [from, to] = [firsts[1]!, firsts[2]!];
      const spoilt = inputs.map((input) => {
        if (!isTensor(input) || !input.values || input.arg.dtype !== 'real' || input.arg.role === 'acc')
          return input;
        const { rows, cols, arg } = input;
        if (!hasSymbol(arg.rows, 'S') && (rows !== LENGTH || !hasSymbol(arg.rows, 'M'))) return input;
        const values = input.values.slice();
        if (hasSymbol(arg.rows, 'S')) values.fill(Number.NaN);
        else values.fill(Number.NaN, from * cols, to * cols);
        return { ...input, values };
      });
      const after = runCall(backend, call, spoilt);
      const reads = OPS[op].args.some((arg) => arg.kind === 'tensor' && hasSymbol(arg.rows, 'S'));
      for (const [name, found] of after.tensors) {
        const arg = flatArgs(op).find((each) => each.name === name)!;
        if (arg.kind !== 'tensor' || arg.role === 'acc') continue;
        const expected = before.tensors.get(name)!;
        const rowsOf = (data: ArrayLike<number>) =>
          Array.from(data).filter((_, i) => {
            const row = Math.floor(i / found.cols);
            // A state that came before belongs to the first document.
            return !hasSymbol(arg.rows, 'M') || row >= to || (!reads && row < from);
          });
        expect(rowsOf(found.data), name).toEqual(rowsOf(expected.data));
      }
    }
  });
});
