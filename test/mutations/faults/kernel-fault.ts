import type { Kernels, OpName } from '../../../src/core/kernels.ts';
import { completeKernels } from '../../../src/core/ops/fused.ts';
import { OPS } from '../../../src/core/ops/table.ts';
import { type Mat, mat, type Quantized, type Tensor } from '../../../src/core/tensor.ts';
import type { Mutation } from '../check.ts';

type Wrong<K extends OpName> = (right: Kernels) => Kernels[K];

/** One op does something else; what is composed of it does so too. */
export function kernel<K extends OpName>(id: string, op: K, fault: string, wrong: Wrong<K>): Mutation {
  const where = `kernel ${op}`;
  return {
    id,
    fault,
    where,
    op,
    parts: {
      backend: (inner) => {
        const { headLoss, ...source } = inner.kernels;
        const mutated = { ...source, ...(op === 'headLoss' && { headLoss }), [op]: wrong(inner.kernels) };
        return { ...inner, name: `mutated(${inner.name})`, kernels: completeKernels(mutated) };
      },
    },
  };
}

/** The right kernel, given other values for some of its arguments. */
export function passing<K extends OpName>(
  op: K,
  changes: Readonly<Record<string, (value: never) => unknown>>,
): Wrong<K> {
  const names = OPS[op].args.map(({ name }) => name);
  for (const name of Object.keys(changes))
    if (!names.includes(name)) throw new ReferenceError(`${op} has no argument ${name}`);
  return (right) => {
    const inner = right[op] as (...values: unknown[]) => unknown;
    const change = (value: unknown, i: number): unknown => {
      const by = changes[names[i]!];
      return by ? by(value as never) : value;
    };
    return ((...values: unknown[]) => inner(...values.map(change))) as Kernels[K];
  };
}

/** A copy of a matrix whose columns from `first` on are changed. */
export const changed = (m: Mat, first: number, change: (value: number, col: number) => number): Mat =>
  ({
    ...m,
    data: m.data.map((value, i) => (i % m.cols >= first ? change(value, i % m.cols) : value)),
  }) as Mat;

export const like = (t: Mat, value: number): Mat => {
  const copy = mat(t.dtype, t.rows, t.cols, t.label);
  copy.data.fill(value);
  return copy;
};
export const withoutScale = <Q extends Quantized>(q: Q): Q => ({ ...q, scale: like(q.scale, 1) });

/** Lets `run` write, then puts back what stood at some elements. */
export function keeping(t: Tensor, isKept: (row: number, col: number) => boolean, run: () => void): void {
  const before = t.data.slice();
  run();
  for (let i = 0; i < before.length; i++)
    if (isKept(Math.floor(i / t.cols), i % t.cols)) t.data[i] = before[i]!;
}
