import type { Compute } from '../core/compute.ts';
import type { OpName } from '../core/kernels.ts';
import { flatArgs } from '../core/ops/calls.ts';
import type { Dims } from '../core/ops/dims.ts';
import { type ChoiceArg, OP_NAMES, OPS } from '../core/ops/table.ts';
import { shapeOf } from './shapes.ts';

/** What the codes of activations are in a call that multiplies them as integers: which kernel serves depends on it. */
export type CodeRange = 'ternary' | 'int8';

/** One op at one size. */
export interface OpCase {
  readonly op: OpName;
  /** Value of the op's choice argument: the quantiser's rule, or the precision of a product. */
  readonly choice: string | null;
  /** Null for ops without integer arithmetic. */
  readonly codes: CodeRange | null;
  readonly dims: Dims;
}

/** `quantizeRows(int8)`, `ternaryMatmul(ternary codes)` */
export function caseName({ op, choice, codes }: Pick<OpCase, 'op' | 'choice' | 'codes'>): string {
  const what = [...(choice ? [choice] : []), ...(codes ? [`${codes} codes`] : [])];
  return what.length ? `${op}(${what.join(', ')})` : op;
}

/**
 * The ops at v6.1's shapes, each with every value of its choice and every kind of codes; with `compute`, in the precision
 * in which training calls them then, and no other.
 * @throws FlashError (wrong usage) when `shape` names a dimension that one of the ops does not have.
 */
export function opCases(ops: readonly OpName[] = OP_NAMES, shape: Dims = {}, compute?: Compute): OpCase[] {
  return ops.flatMap((op) => {
    const dims = shapeOf(op, shape);
    const arg = flatArgs(op).find((each) => each.kind === 'choice');
    const choices = arg ? valuesIn(arg, compute) : [null];
    const ranges: readonly (CodeRange | null)[] = OPS[op].integer ? ['int8', 'ternary'] : [null];
    return choices.flatMap((choice) => ranges.map((codes) => ({ op, choice, codes, dims })));
  });
}

function valuesIn({ precision, values }: ChoiceArg, compute?: Compute): readonly string[] {
  if (!compute || !precision) return values;
  // Gradients alone can be int8.
  return [values.includes('int8') ? compute.gradients : compute.products];
}
