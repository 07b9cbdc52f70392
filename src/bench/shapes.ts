import { FlashError } from '../core/errors.ts';
import type { OpName } from '../core/kernels.ts';
import { type Dims, isSize, planSteps, relationsOf, sizeOf, stepValue } from '../core/ops/dims.ts';
import { equationsOf, symbolsOf } from '../core/ops/op-dims.ts';

/** v6.1: a block of rows as two threads take it, the tokens of a step, the vocabulary, the model's and the FFN's width. */
const ROWS = 1024;
const BATCH = 65_536;
const VOCAB = 1024;
const WIDTH = 192;
const HIDDEN = 384;
const PARAMETERS = 1_082_496;

/** What a symbol stands for in most ops: a matrix product is the one up to the FFN's width. */
const USUAL: Dims = { M: ROWS, Z: ROWS, V: VOCAB, D: WIDTH, K: WIDTH, N: HIDDEN, T: 256 };

const ALL_PARAMETERS: Dims = { M: 1, D: PARAMETERS };

/** Where an op has another place in the model. */
const SPECIAL: Partial<Record<OpName, Dims>> = {
  countPairs: { N: BATCH },
  activation: { D: HIDDEN },
  multiply: { D: HIDDEN },
  // The head's three products: gradient of the rows, logits, gradient of the table.
  matmul: { M: ROWS, K: VOCAB, N: WIDTH },
  matmulTransB: { M: ROWS, K: WIDTH, N: VOCAB },
  matmulTransA: { K: VOCAB, M: ROWS, N: WIDTH },
  sumSquares: ALL_PARAMETERS,
  scale: ALL_PARAMETERS,
  sgdMomentum: ALL_PARAMETERS,
  lion: ALL_PARAMETERS,
  adamW: ALL_PARAMETERS,
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
  const usual: Dims = { ...USUAL, ...SPECIAL[op] };
  const dims: Record<string, number> = { ...given };
  const follow = (): void => {
    const steps = planSteps<never>(equationsOf(op).flatMap(relationsOf), Object.keys(dims));
    for (const step of steps) dims[step.symbol] = stepValue(step, () => Number.NaN, dims);
  };
  follow();
  // One by one, so that a size which follows from those before it is not taken from the usual ones.
  for (const symbol of symbols) {
    if (dims[symbol] !== undefined || usual[symbol] === undefined) continue;
    dims[symbol] = usual[symbol];
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
