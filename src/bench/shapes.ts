import { FlashError } from '../core/errors.ts';
import type { OpName } from '../core/kernels.ts';
import { type Dims, isSize, planSteps, relationsOf, sizeOf, stepValue } from '../core/ops/dims.ts';
import { equationsOf, symbolsOf } from '../core/ops/op-dims.ts';
import { OPS, V61 } from '../core/ops/table.ts';

/** What a symbol stands for in most ops of v6.1: a matrix product is the one up to the FFN's width. */
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
  const usual = (symbol: string): number | undefined => OPS[op].sizes?.[symbol]?.bench ?? USUAL[symbol];
  const dims: Record<string, number> = { ...given };
  const follow = (): void => {
    const steps = planSteps<never>(equationsOf(op).flatMap(relationsOf), Object.keys(dims));
    for (const step of steps) dims[step.symbol] = stepValue(step, () => Number.NaN, dims);
  };
  follow();
  // One by one, so that a size which follows from those before it is not taken from the usual ones.
  for (const symbol of symbols) {
    const own = usual(symbol);
    if (dims[symbol] !== undefined || own === undefined) continue;
    dims[symbol] = own;
    follow();
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
