import type { FloatPrecision, Precision } from './compute.ts';
import type { Bytes, Codes, Ids, Mat, Quantized, SparseTargets, TernaryWeight } from './tensor.ts';

export const WEIGHT_RULES = ['absmean', 'absmedian'] as const;
export const ACTIVATION_RULES = ['ternary', 'ternary-mse', 'int8'] as const;
export const ACTIVATION_FNS = [
  'silu',
  'sigmoid',
  'tanh',
  'relu',
  'relu2',
  'gelu',
  'gelu_tanh',
  'softplus',
] as const;
export type WeightRule = (typeof WEIGHT_RULES)[number];
export type ActivationRule = (typeof ACTIVATION_RULES)[number];
/** An activation function of one number; `backends/reference/activation.ts` defines each with its derivative. */
export type ActivationFn = (typeof ACTIVATION_FNS)[number];

/** Rows that a causal convolution reads at most, the present one among them. */
export const MAX_CONV_WIDTH = 8;

/**
 * Sums over rows (weight, gain and table gradients) are formed in chunks of this many rows: each chunk is summed by
 * itself and then added to the accumulator, in row order. With blocks that are multiples of it, gradients have the
 * same bits for every block size and every number of threads.
 */
export const ROW_CHUNK = 256;

/**
 * Sums whose result decides a quantiser's code (mean |x|) run in float64 over this many interleaved lanes: lane j
 * adds the elements i = j mod 16 in order, then lanes fold in halves (8, 4, 2, 1). Every instruction set can do
 * exactly that, so codes and scales agree bit for bit.
 */
export const SUM_LANES = 16;

/**
 * What a backend must do. Outputs come first and are called `out...`; `acc...` arguments are added into. A tensor that
 * a backward needs is an argument of its op, so that one backend's forward works with another's backward.
 *
 * Shapes, aliasing, agreement bounds and work of each kernel are in `ops/table.ts`; the mathematics is written out in
 * `backends/reference`, which is the specification.
 */
export interface Kernels {
  /** `out[i] = table[ids[i]]`. */
  gatherRows(out: Mat, table: Mat, ids: Ids): void;
  /** `accTable[ids[i]] += dy[i]`, rows in order. */
  scatterAddRows(accTable: Mat, dy: Mat, ids: Ids): void;
  /**
   * How often each token follows each other, as compressed rows over all `vocab` tokens: row v has the entries
   * `outOffsets[v] .. outOffsets[v+1]`, the tokens that follow v in order and how often each does. What lies past
   * `outOffsets[vocab]` is 0.
   */
  countPairs(outOffsets: Ids, outTargets: Ids, outCounts: Ids, ids: Ids, targets: Ids, vocab: number): void;

  /** `r = 1/sqrt(mean(x^2) + eps)`, `out = r * x * gain`. `outRstd` keeps r, because recomputing it costs a pass over x. */
  rmsNorm(out: Mat, outRstd: Mat, x: Mat, gain: Mat | null, eps: number): void;
  /** With `u = dy * gain`: `outDx = r * (u - x * r^2 * mean(u * x))`, `accGain += sum over rows of dy * x * r`. */
  rmsNormGrad(outDx: Mat, accGain: Mat | null, dy: Mat, x: Mat, gain: Mat | null, rstd: Mat): void;

  /** `out = fn(x)`, `outSlope = fn'(x)`: with the slope saved, backward is `multiply(dx, dy, slope)`. */
  activation(out: Mat, outSlope: Mat | null, x: Mat, fn: ActivationFn): void;

  /** `out = a + b`; `out` may be `a`. */
  add(out: Mat, a: Mat, b: Mat): void;
  /** `out_i = x_i + bias` for every row i; `out` may be `x`. */
  addBias(out: Mat, x: Mat, bias: Mat): void;
  /** `accBias += sum over rows of dy`. */
  addBiasGrad(accBias: Mat, dy: Mat): void;
  /** `out = a * b`, element by element; `out` may be `a`. */
  multiply(out: Mat, a: Mat, b: Mat): void;

  /**
   * With `x = [a | b]` by columns: `out = fn(a) * b`, `outFactors = [fn'(a) * b | fn(a)]`, which is all that backward needs.
   */
  gate(out: Mat, outFactors: Mat | null, x: Mat, fn: ActivationFn): void;
  /** `outDx = [dy | dy] * factors`. */
  gateGrad(outDx: Mat, dy: Mat, factors: Mat): void;

  /** `out` is the columns of x from `at` on. */
  sliceColumns(out: Mat, x: Mat, at: number): void;
  /** Copies x into the columns of y from `at` on, and leaves the others as they are. */
  pasteColumns(y: Mat, x: Mat, at: number): void;

  /** `out = a + weight * b`, without a `weight * b`; `out` may be `a`. The weight is one number [1 x 1]. */
  scaleAdd(out: Mat, a: Mat | null, b: Mat, weight: Mat): void;
  /** `accWeight += sum of dy * b`. */
  scaleAddGrad(accWeight: Mat, dy: Mat, b: Mat): void;

  /**
   * `out = x / (1 - rate)` or 0, in float32: an element is kept where its random 32-bit number is at least
   * `floor(rate * 2^32)`. The number is Philox of (`seed`, `step`, `stream`, element), where element (i, j) has the number
   * `(firstRow + i) * cols + j`; see `backends/reference/dropout.ts`. The same call on dy is the backward pass.
   */
  dropout(out: Mat, x: Mat, rate: number, seed: number, step: number, stream: number, firstRow: number): void;

  /** Token shift: `s = sigmoid(mix)`, `out_t = s * x_t + (1 - s) * x_{t-1}`; `state` holds the row before each
   * sequence and receives its last row. */
  tokenShift(out: Mat, state: Mat, x: Mat, mix: Mat, seqLen: number): void;
  /** Gradient for sequences that begin after a zero row (training never carries state between sequences). */
  tokenShiftGrad(outDx: Mat, accMix: Mat, dy: Mat, x: Mat, mix: Mat, seqLen: number): void;

  /**
   * Causal convolution of each channel alone, P+1 rows wide (2 to `MAX_CONV_WIDTH`): `out_t = bias + sum over j of
   * w[j] * x_{t-j}`. `state` holds the P rows before each sequence, oldest first, and receives its last P rows.
   */
  causalConv(out: Mat, state: Mat, x: Mat, w: Mat, bias: Mat | null, seqLen: number): void;
  /**
   * Gradient for sequences that begin after zero rows: `outDx_t = sum over j of w[j] * dy_{t+j}`, `accW[j] += sum over rows of
   * dy_t * x_{t-j}`, `accBias += sum over rows of dy`. Rows outside of a sequence are zero.
   */
  causalConvGrad(outDx: Mat, accW: Mat, accBias: Mat | null, dy: Mat, x: Mat, w: Mat, seqLen: number): void;

  /** `out_t = x_{t-P}`; `state` holds the P rows before each sequence, oldest first, and receives its last P rows. */
  delay(out: Mat, state: Mat, x: Mat, seqLen: number): void;
  /** `outDx_t = dy_{t+by}`, zero where that is outside of the sequence. */
  delayGrad(outDx: Mat, dy: Mat, by: number, seqLen: number): void;

  /**
   * With `x = [f | c]` by columns: `out_t = f_t * out_{t-1} + c_t`. `state` holds the row before each sequence and receives
   * its last one. At a document's first row what came before counts as zero; see `starts` in `StepContext`.
   */
  scan(out: Mat, state: Mat, x: Mat, starts: Ids | null, seqLen: number): void;
  /**
   * Gradient for sequences that begin after a zero row: with `e_t = dy_t + f_{t+1} * e_{t+1}`, `outDx = [e_t * y_{t-1} | e_t]`,
   * where y is what the scan gave.
   */
  scanGrad(outDx: Mat, dy: Mat, x: Mat, y: Mat, starts: Ids | null, seqLen: number): void;

  /**
   * `out_t` is the mean of the rows of its document so far. `state` [sequences x columns + 1] holds the sum of the rows before
   * and, in its last column, their number; it receives both.
   */
  runningMean(out: Mat, state: Mat, x: Mat, starts: Ids | null, seqLen: number): void;
  /** Gradient for sequences that begin here: `outDx_i = sum over t >= i of dy_t / n_t`, where row t is the n_t-th of its document. */
  runningMeanGrad(outDx: Mat, dy: Mat, starts: Ids | null, seqLen: number): void;

  /** Per tensor: `gamma = mean|W| + 1e-8` (or the median), code = sign(w) where |w| > gamma/2, else 0. A tie is 0. */
  quantizeWeight(outCodes: Codes, outScale: Mat, w: Mat, rule: WeightRule): void;
  /**
   * Per row: `ternary`, `ternary-mse` or `int8` codes and their scale. As for weights, a value that is not finite makes the
   * scale NaN or infinite and the codes 0, so that products are NaN: a quantiser must not hide it.
   */
  quantizeRows(outCodes: Codes, outScale: Mat, x: Mat, rule: ActivationRule): void;
  /**
   * The backend's private layout of ternary codes; `Backend.packedTernaryBytes` gives its size. Every op that takes
   * packed weights takes them for any precision; `ternaryMatmulGradX` is quickest in the one they were packed for.
   */
  packTernary(outPacked: Bytes, codes: Codes, precision: Precision): void;

  /** `out = (x.scale * w.scale) * (x.codes . w.codes^T)`; the dot products are exact int32. */
  ternaryMatmul(out: Mat, x: Quantized, w: TernaryWeight): void;
  /** `out = w.scale * (x . w.codes^T)` for activations that are not quantised. */
  ternaryMatmulFloat(out: Mat, x: Mat, w: TernaryWeight, precision: FloatPrecision): void;
  /** `outDx = w.scale * (dy . w.codes)`; in int8, dy is quantised row by row. */
  ternaryMatmulGradX(outDx: Mat, dy: Mat, w: TernaryWeight, precision: Precision): void;
  /**
   * `accW += (x.scale * dy)^T . x.codes`, straight through the weight quantiser. The row's scale goes to the operand that
   * is rounded, so that the codes stay exact; in int8, each column of it is quantised for `ROW_CHUNK` rows at a time.
   */
  ternaryMatmulGradW(accW: Mat, dy: Mat, x: Quantized, precision: Precision): void;

  /** `out = a . b`. */
  matmul(out: Mat, a: Mat, b: Mat, precision: FloatPrecision): void;
  /** `out = a . b^T`. */
  matmulTransB(out: Mat, a: Mat, b: Mat, precision: FloatPrecision): void;
  /** `acc += a^T . b`. */
  matmulTransA(acc: Mat, a: Mat, b: Mat, precision: FloatPrecision): void;

  /**
   * Per row, with weights `c_j` on target ids j and `n = sum c_j`: `outNats = n * logsumexp(z) - sum c_j z_j`, and,
   * where wanted, `outDz = scale * (n * softmax(z) - c)`.
   */
  softmaxCrossEntropy(outNats: Mat, outDz: Mat | null, z: Mat, targets: SparseTargets, scale: number): void;
  /**
   * Tied head and cross-entropy in one: `z = h . table^T`, nats and dz as in `softmaxCrossEntropy`,
   * `outDh = dz . table`, `accTable += dz^T . h`; `precision` is that of these three products. Logits exist for one tile
   * of rows at a time. Without `outDh` and `accTable` it only evaluates.
   */
  headLoss(
    outNats: Mat,
    outDh: Mat | null,
    accTable: Mat | null,
    h: Mat,
    table: Mat,
    targets: SparseTargets,
    scale: number,
    precision: FloatPrecision,
  ): void;

  /** Sum of squares in float64, so that a gradient norm cannot overflow. */
  sumSquares(x: Mat): number;
  /** `x *= factor`. */
  scale(x: Mat, factor: number): void;
  /** `v = momentum * v + g + decay * p; p -= lr * v`. */
  sgdMomentum(p: Mat, v: Mat, g: Mat, lr: number, momentum: number, decay: number): void;
  /**
   * Lion (Chen et al. 2023): `p -= lr * (sign(beta1 * m + (1 - beta1) * g) + decay * p)`, then
   * `m = beta2 * m + (1 - beta2) * g`. The betas and products inside of the sign are rounded to float32.
   */
  lion(p: Mat, m: Mat, g: Mat, lr: number, beta1: number, beta2: number, decay: number): void;
  /** AdamW (Loshchilov and Hutter 2019) with bias correction; `step` counts from 1; decay is decoupled. */
  adamW(
    p: Mat,
    m: Mat,
    v: Mat,
    g: Mat,
    lr: number,
    beta1: number,
    beta2: number,
    eps: number,
    decay: number,
    step: number,
  ): void;
}

export type OpName = keyof Kernels;
