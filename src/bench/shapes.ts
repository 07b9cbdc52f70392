import { FlashError } from '../core/errors.ts';
import type { OpName } from '../core/kernels.ts';
import type { Dims } from '../core/ops/table.ts';
import { completeDims, symbolsOf } from './dims.ts';

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
  silu: { D: HIDDEN },
  siluGrad: { D: HIDDEN },
  // The head's three products: gradient of the rows, logits, gradient of the table.
  matmul: { M: ROWS, K: VOCAB, N: WIDTH },
  matmulTransB: { M: ROWS, K: WIDTH, N: VOCAB },
  matmulTransA: { M: VOCAB, K: ROWS, N: WIDTH },
  sumSquares: ALL_PARAMETERS,
  scale: ALL_PARAMETERS,
  sgdMomentum: ALL_PARAMETERS,
  adamW: ALL_PARAMETERS,
};

/**
 * The dimensions of an op in v6.1, changed by `given`.
 * @throws FlashError (wrong usage) for a symbol that the op does not have, or rows that are not whole sequences.
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
  const sizes: Dims = { ...USUAL, ...SPECIAL[op], ...given };
  return completeDims(op, Object.fromEntries(symbols.map((symbol) => [symbol, sizes[symbol]!])));
}
