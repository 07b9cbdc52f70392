import type { Compute } from '../core/compute.ts';
import { FlashError } from '../core/errors.ts';
import type { OpName } from '../core/kernels.ts';
import { V61 } from '../core/ops/arguments.ts';
import { flatArgs } from '../core/ops/calls.ts';
import { type Dims, isSize, planSteps, relationsOf, sizeOf, stepValue } from '../core/ops/dims.ts';
import { equationsOf, symbolsOf } from '../core/ops/op-dims.ts';
import type { ChoiceArg } from '../core/ops/spec.ts';
import { OP_NAMES, OPS } from '../core/ops/table.ts';

/** What a symbol is in most ops of v6.1: a matrix product is the one up to the FFN's width. */
const USUAL: Dims = {
  M: V61.rows,
  Z: V61.rows,
  V: V61.vocab,
  D: V61.width,
  K: V61.width,
  N: V61.hidden,
  T: V61.seqLen,
};

/**
 * The dimensions of an op in v6.1, changed by `given`. Symbols that equations tie to these follow.
 * @throws FlashError (wrong usage) for a symbol that the op does not have, or dimensions that no call can have together.
 */
export function shapeOf(op: OpName, given: Dims = {}): Dims {
  const symbols = symbolsOf(op);
  const unknown = Object.keys(given).find((symbol) => !symbols.includes(symbol));
  if (unknown !== undefined) {
    throw new FlashError(`${op} has no dimension '${unknown}'`, {
      remedy: `It has ${symbols.join(', ')}.`,
      exitCode: 2,
    });
  }
  const dims: Record<string, number> = { ...given };
  const follow = (): void => {
    const steps = planSteps<never>(equationsOf(op).flatMap(relationsOf), Object.keys(dims));
    for (const step of steps) dims[step.symbol] = stepValue(step, () => Number.NaN, dims);
  };
  follow();
  const own = Object.fromEntries(symbols.map((symbol) => [symbol, OPS[op].sizes?.[symbol]?.bench]));
  // One by one, so that a size which follows from those before it is not taken from others; the op's own go first.
  for (const sizes of [own, USUAL]) {
    for (const symbol of symbols) {
      if (dims[symbol] !== undefined || sizes[symbol] === undefined) continue;
      dims[symbol] = sizes[symbol];
      follow();
    }
  }
  const unsized = symbols.find((symbol) => dims[symbol] === undefined);
  if (unsized !== undefined) {
    throw new FlashError(`${op}: ${unsized} has no size in benchmarks`, {
      remedy: `Its entry in the op table needs one: sizes: { ${unsized}: { bench: 8 } }.`,
      exitCode: 2,
    });
  }
  const sizes = Object.fromEntries(symbols.map((symbol) => [symbol, dims[symbol]!]));
  for (const { symbol, dim } of equationsOf(op)) {
    if (sizeOf(dim, sizes) === sizes[symbol] && symbols.every((each) => isSize(sizes[each]!))) continue;
    const chosen = symbols.filter((each) => isSize(sizes[each]!)).map((each) => `${each}=${sizes[each]}`);
    throw new FlashError(`${op}: no whole numbers make ${symbol} = ${dim} with ${chosen.join(', ')}`, {
      exitCode: 2,
    });
  }
  return sizes;
}

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
