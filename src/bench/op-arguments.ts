import { allocateTensor, type Backend } from '../core/backend.ts';
import { PRECISIONS } from '../core/compute.ts';
import { sizeOf } from '../core/ops/calls.ts';
import { type ArgSpec, type Dims, OPS, type TensorArg } from '../core/ops/table.ts';
import { Random } from '../core/random.ts';
import type { Codes, Tensor } from '../core/tensor.ts';
import type { OpCase } from './op-case.ts';

/** Values that let a call be repeated any number of times: nothing grows without bound, nothing fades away. */
const SCALARS: Readonly<Record<string, number>> = {
  eps: 1e-6,
  factor: 1,
  lr: 1e-4,
  momentum: 0.9,
  beta1: 0.9,
  beta2: 0.999,
  decay: 0,
  step: 10,
  scale: 1e-3,
};

/** Random values come from a pool: drawing millions of normal numbers takes longer than measuring. */
const POOL = 65_521;

/** Makes the arguments of calls, in the order of the kernel's parameters, all optional ones included. */
export class OpArguments {
  private readonly random = new Random(1, 'bench');
  // Small, as activations and embeddings are: softmax stays far from 0 and 1.
  private readonly pool = Float32Array.from({ length: POOL }, () => 0.1 * this.random.normal());

  constructor(private readonly backend: Backend) {}

  of({ op, dims, choice, codes }: OpCase): unknown[] {
    const precision = PRECISIONS.find((one) => one === choice) ?? 'f32';
    return OPS[op].args.map((arg: ArgSpec): unknown => {
      if (arg.kind === 'choice') return choice;
      if (arg.kind === 'scalar') return arg.symbol ? dims[arg.symbol] : SCALARS[arg.name];
      if (arg.kind === 'tensor') return this.tensor(arg, dims);
      const fields: Record<string, Tensor> = {};
      for (const [name, field] of Object.entries(arg.fields)) fields[name] = this.tensor(field, dims);
      // Weights are always ternary; of the other operand only its codes are.
      if (codes === 'int8' && !fields.packed) this.spread(fields.codes as Codes);
      if (fields.packed)
        this.backend.kernels.packTernary(fields.packed as Tensor<'u8'>, fields.codes as Codes, precision);
      return fields;
    });
  }

  private tensor(arg: TensorArg, dims: Dims): Tensor {
    const dtype = arg.dtype === 'real' ? this.backend.real : arg.dtype;
    const rows = sizeOf(arg.rows, dims);
    const cols = arg.packs
      ? this.backend.packedTernaryBytes(sizeOf(arg.packs[0], dims), sizeOf(arg.packs[1], dims))
      : sizeOf(arg.cols, dims);
    const made = allocateTensor(this.backend, dtype, rows, cols, arg.name);
    this.fill(made, arg, dims);
    return made;
  }

  /** Codes of the whole range that quantisers give. */
  private spread({ data }: Codes): void {
    for (let i = 0; i < data.length; i++) data[i] = (this.random.uint32() % 255) - 127;
  }

  private fill({ data, rows }: Tensor, arg: TensorArg, dims: Dims): void {
    const { random, pool } = this;
    if (arg.packs) return;
    if (arg.offsetsInto) {
      const entries = dims[arg.offsetsInto]!;
      for (let i = 0; i < rows; i++) data[i] = Math.floor((entries * i) / (rows - 1));
    } else if (arg.below) {
      for (let i = 0; i < data.length; i++) data[i] = random.uint32() % dims[arg.below]!;
    } else if (arg.dtype === 'i8') {
      for (let i = 0; i < data.length; i++) data[i] = (random.uint32() % 3) - 1;
    } else {
      // Scales, counts and second moments are positive wherever they come from.
      const isPositive = arg.name === 'scale' || arg.name === 'weights' || arg.name === 'v';
      const start = random.uint32() % POOL;
      for (let i = 0; i < data.length; i++) {
        const value = pool[(start + i) % POOL]!;
        data[i] = isPositive ? 0.1 + Math.abs(value) : value;
      }
    }
  }
}
