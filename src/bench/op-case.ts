import type { OpName } from '../core/kernels.ts';
import { type Dims, flatArgs, OP_NAMES } from '../core/ops.ts';
import { shapeOf } from './shapes.ts';

/** One op at one size. */
export interface OpCase {
  readonly op: OpName;
  /** Value of the op's choice argument: the quantiser's rule. */
  readonly choice: string | null;
  readonly dims: Dims;
}

/** `quantizeRows(int8)` */
export const caseName = ({ op, choice }: Pick<OpCase, 'op' | 'choice'>): string =>
  choice ? `${op}(${choice})` : op;

/**
 * The ops at v6.1's shapes, each with every value of its choice.
 * @throws FlashError (wrong usage) when `shape` names a dimension that one of the ops does not have.
 */
export function opCases(ops: readonly OpName[] = OP_NAMES, shape: Dims = {}): OpCase[] {
  return ops.flatMap((op) => {
    const dims = shapeOf(op, shape);
    const choices = flatArgs(op).find((arg) => arg.kind === 'choice')?.values ?? [null];
    return choices.map((choice) => ({ op, choice, dims }));
  });
}
