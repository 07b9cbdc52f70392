import { allocateTensor } from '../core/allocate.ts';
import type { Backend } from '../core/backend.ts';
import { codesOf, flatArgs, groupedValues, precisionIn } from '../core/ops/calls.ts';
import { type Dims, sizeOf } from '../core/ops/dims.ts';
import { arePositive, isWritten, type ScalarArg, type TensorArg } from '../core/ops/spec.ts';
import { Random } from '../core/random.ts';
import type { Codes, Tensor } from '../core/tensor.ts';
import type { OpCase } from './op-case.ts';

/** Random values come from a pool: drawing millions of normal numbers takes longer than measuring. */
const POOL = 65_521;

/** Makes the arguments of calls, in the order of the kernel's parameters, all optional ones included but those that the table calls unusual. */
export class OpArguments {
  private readonly random = new Random(1, 'bench');
  // Small, as activations and embeddings are: softmax stays far from 0 and 1.
  private readonly pool = Float32Array.from({ length: POOL }, () => 0.1 * this.random.normal());

  constructor(private readonly backend: Backend) {}

  of({ op, dims, choice, codes }: OpCase): unknown[] {
    const args = flatArgs(op);
    const flat = args.map((arg): unknown => {
      if (arg.kind === 'choice') return choice;
      if (arg.kind === 'scalar') return this.scalar(arg, dims);
      if (arg.packs || arg.unusual) return null;
      const made = this.tensor(arg, sizeOf(arg.rows, dims), sizeOf(arg.cols, dims));
      this.fill(made, arg, dims);
      // Weights are always ternary; of the other operand only its codes are.
      if (codes === 'int8' && arg.values === 'int8') this.spread(made as Codes);
      return made;
    });
    // Once their codes are there.
    args.forEach((arg, i) => {
      if (arg.kind !== 'tensor' || !arg.packs) return;
      const from = flat[codesOf(op, arg)] as Codes;
      const made = this.tensor(arg, 1, this.backend.packedTernaryBytes(from.rows, from.cols)) as Tensor<'u8'>;
      const precision = precisionIn(op, flat) ?? 'f32';
      if (!isWritten(arg.role)) this.backend.kernels.packTernary(made, from, precision);
      flat[i] = made;
    });
    return groupedValues(op, flat);
  }

  private scalar({ symbol, steady, values }: ScalarArg, dims: Dims): number {
    return symbol ? dims[symbol]! : (steady ?? values?.[0] ?? 0.5);
  }

  private tensor(arg: TensorArg, rows: number, cols: number): Tensor {
    const dtype = arg.dtype === 'real' ? this.backend.real : arg.dtype;
    return allocateTensor(this.backend, dtype, rows, cols, arg.name);
  }

  /** Codes of the whole range that quantisers give. */
  private spread({ data }: Codes): void {
    for (let i = 0; i < data.length; i++) data[i] = (this.random.uint32() % 255) - 127;
  }

  private fill({ data, rows }: Tensor, arg: TensorArg, dims: Dims): void {
    const { random, pool } = this;
    if (arg.offsetsInto) {
      const entries = dims[arg.offsetsInto]!;
      for (let i = 0; i < rows; i++) data[i] = Math.floor((entries * i) / (rows - 1));
    } else if (arg.below) {
      for (let i = 0; i < data.length; i++) data[i] = random.uint32() % dims[arg.below]!;
    } else if (arg.dtype === 'i8') {
      for (let i = 0; i < data.length; i++) data[i] = (random.uint32() % 3) - 1;
    } else {
      const isPositive = arePositive(arg.values);
      const start = random.uint32() % POOL;
      for (let i = 0; i < data.length; i++) {
        const value = pool[(start + i) % POOL]!;
        data[i] = isPositive ? 0.1 + Math.abs(value) : value;
      }
    }
  }
}
