import type { Backend } from '../../src/core/backend.ts';
import type { OpName } from '../../src/core/kernels.ts';
import { codesOf, type FlatArg, flatArgs } from '../../src/core/ops/calls.ts';
import { type Dim, type Dims, symbolsIn } from '../../src/core/ops/dims.ts';
import { type Input, inputsOf, type TensorInput } from '../../src/core/ops/inputs.ts';
import { dimReadings, dimsNear, equationsOf } from '../../src/core/ops/op-dims.ts';
import type { TensorArg } from '../../src/core/ops/spec.ts';
import type { Storage } from '../../src/core/tensor.ts';

export type Data = Storage['f32' | 'i8' | 'i32' | 'u8'];

/** Every symbol has its own value, so that no wrong size is right for another dimension; Z holds more than is used. */
const SIZES: Readonly<Record<string, number>> = {
  M: 6,
  D: 5,
  V: 7,
  N: 4,
  K: 9,
  S: 2,
  T: 3,
  P: 7,
  Z: 11,
  A: 8,
  R: 10,
};

const ARRAYS = { real: Float32Array, i8: Int8Array, i32: Int32Array, u8: Uint8Array } as const;

interface ValidInputs {
  readonly dims: Dims;
  readonly inputs: readonly Input[];
}

/** Drawn once: a test makes thousands of calls of one op. */
const known = new Map<OpName, ValidInputs>();
function validInputs(op: OpName): ValidInputs {
  let valid = known.get(op);
  if (!valid) {
    const dims = dimsNear(op, (symbol, i) => SIZES[symbol] ?? 12 + i);
    valid = { dims, inputs: inputsOf({ op, dims, seed: 3, variant: 0 }) };
    known.set(op, valid);
  }
  return valid;
}

/** A correct call of an op as the addon takes it: for every argument its values (data, rows, columns; or one). */
export class ValidCall {
  readonly args: readonly FlatArg[];
  readonly values: unknown[][];
  private readonly dims: Dims;

  constructor(
    readonly op: OpName,
    backend: Backend,
  ) {
    this.args = flatArgs(op);
    const { dims, inputs } = validInputs(op);
    this.dims = dims;
    this.values = inputs.map((input) => {
      if (typeof input !== 'object') return [input];
      const { arg, rows, values } = input;
      const codes = arg.packs ? (inputs[codesOf(op, arg)] as TensorInput) : null;
      const cols = codes ? backend.packedTernaryBytes(codes.rows, codes.cols) : input.cols;
      const data = new ARRAYS[arg.dtype](rows * cols);
      if (values!.length) data.set(values!);
      return [data, rows, cols];
    });
  }

  /** The value of a symbol. */
  sizeOf(symbol: string): number {
    return this.dims[symbol]!;
  }

  /** The values with those of one argument replaced. */
  with(index: number, ...values: unknown[]): unknown[] {
    return this.values.flatMap((own, i) => (i === index ? values : own));
  }

  flat(): unknown[] {
    return this.values.flat();
  }

  data(index: number): Data {
    return this.values[index]![0] as Data;
  }

  /** Indices and specs of the tensors. */
  tensors(): { readonly index: number; readonly arg: TensorArg }[] {
    return this.args.flatMap((arg, index) => (arg.kind === 'tensor' ? [{ index, arg }] : []));
  }

  /** Whether something else has to agree with this dimension of an argument: another dimension, or a packed layout. */
  isShared(index: number, dim: Dim): boolean {
    if (typeof dim === 'number') return true;
    const isPart = this.tensors().some(({ arg }) => arg.packs && codesOf(this.op, arg) === index);
    const uses = [...dimReadings(this.op), ...equationsOf(this.op)].flatMap((one) => symbolsIn(one.dim));
    const isUsedAgain = symbolsIn(dim).every((symbol) => uses.filter((use) => use === symbol).length > 1);
    return isPart || (this.args[index] as TensorArg).packs !== undefined || isUsedAgain;
  }

  /** The bytes of each tensor, to see whether a refused call wrote anything. */
  snapshot(): string[] {
    return this.tensors().map(({ index }) => {
      const { buffer, byteOffset, byteLength } = this.data(index);
      return Buffer.from(buffer, byteOffset, byteLength).toString('latin1');
    });
  }
}
