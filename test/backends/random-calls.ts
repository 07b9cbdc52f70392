import fc from 'fast-check';
import type { Backend } from '../../src/core/backend.ts';
import type { ActivationRule } from '../../src/core/choices.ts';
import { ACTIVATION_RULES, MAX_CONV_WIDTH } from '../../src/core/choices.ts';
import { PRECISIONS, type Precision } from '../../src/core/compute.ts';
import type { Kernels } from '../../src/core/kernels.ts';
import { Random } from '../../src/core/random.ts';
import type { Bytes, Codes, Mat, Quantized, TernaryWeight } from '../../src/core/tensor.ts';
import { mat, tensor } from '../../src/core/tensor.ts';

/** Columns of everything, so that any tensor can be handed to any op. */
const COLS = 20;
const MATS = 5;
/** Of these so many are `transient`. */
const TRANSIENT = 2;

/** Enough different numbers: to draw those of every pool would take longer than its calls. */
const random = new Random(1, 'pool');
const NORMALS = Float32Array.from({ length: 4099 }, () => random.normal());

/** The memory that a program works on. Tensors are windows of it, so that they overlap in all ways. */
export interface Pool {
  /** Tensors of `rows` rows, some of which share memory, row for row or shifted. */
  readonly mats: readonly Mat[];
  readonly rstd: readonly Mat[];
  readonly gain: Mat;
  readonly gainSums: readonly Mat[];
  readonly weightSums: readonly Mat[];
  readonly quantized: readonly Quantized[];
  /** Lengths of which the rows are whole sequences. */
  readonly seqLens: readonly number[];
  /** The state of sequences of so many rows, for each of which it has `rowsEach`; all of them share memory. */
  readonly state: (seqLen: number, rowsEach: number) => Mat;
  readonly weights: readonly TernaryWeight[];
  /** Everything that may be written and looked at. */
  readonly memory: readonly ArrayBufferView[];
}

export function makePool(backend: Backend, rows: number, seed: number): Pool {
  const random = new Random(seed, 'pool');
  const memory: ArrayBufferView[] = [];
  const filled = (count: number): Float32Array => {
    const data = new Float32Array(count);
    const first = random.uint32() % NORMALS.length;
    for (let i = 0; i < count; i++) data[i] = NORMALS[(first + i) % NORMALS.length]!;
    memory.push(data);
    return data;
  };
  const of = (data: Float32Array, r: number, c: number): Mat =>
    ({ ...mat('f32', r, c, 'pool'), data }) as Mat;
  const mats = Array.from({ length: MATS - 1 }, () => of(filled(rows * COLS), rows, COLS));
  // Nobody looks at these in the end.
  for (let i = 0; i < TRANSIENT; i++) mats[i] = { ...mats[i]!, transient: true };
  memory.splice(0, TRANSIENT);
  // Two windows of one array, a row apart.
  const wide = filled((rows + 1) * COLS);
  mats.push(of(wide.subarray(0, rows * COLS), rows, COLS), of(wide.subarray(COLS), rows, COLS));
  const { k, weights } = { k: backend.kernels, weights: [0, 1] };
  const states = filled(rows * (MAX_CONV_WIDTH - 1) * COLS);
  return {
    mats,
    rstd: [of(filled(rows), rows, 1), of(filled(rows), rows, 1)],
    gain: of(filled(COLS), 1, COLS),
    gainSums: [of(filled(COLS), 1, COLS), of(filled(COLS), 1, COLS)],
    weightSums: [of(filled(COLS * COLS), COLS, COLS), of(filled(COLS * COLS), COLS, COLS)],
    quantized: [0, 1].map(() => {
      const codes = tensor('i8', rows, COLS, 'codes') as Codes;
      for (let i = 0; i < codes.data.length; i++) codes.data[i] = (random.uint32() % 255) - 127;
      memory.push(codes.data);
      return { codes, scale: of(filled(rows), rows, 1) };
    }),
    seqLens: Array.from({ length: rows }, (_, i) => i + 1).filter((length) => rows % length === 0),
    state: (seqLen, rowsEach) => {
      const count = (rows / seqLen) * rowsEach;
      return of(states.subarray(0, count * COLS), count, COLS);
    },
    weights: weights.map((_, i) => {
      const codes = tensor('i8', COLS, COLS, 'codes') as Codes;
      const scale = mat('f32', 1, 1, 'scale');
      const packed = tensor('u8', 1, backend.packedTernaryBytes(COLS, COLS), 'packed') as Bytes;
      k.quantizeWeight(codes, scale, of(filled(COLS * COLS), COLS, COLS), 'absmean');
      k.packTernary(packed, codes, 'f32');
      return { codes, scale, rowScale: i === 1 ? of(filled(COLS), COLS, 1) : null, packed };
    }),
    memory,
  };
}

/** One call on the tensors of a pool. */
export type PoolCall = (k: Kernels, pool: Pool) => void;

const one = fc.nat({ max: MATS });
const two = fc.nat({ max: 1 });
const precision = fc.constantFrom<Precision>(...PRECISIONS);
const rule = fc.constantFrom<ActivationRule>(...ACTIVATION_RULES);

/** Calls as a program may make them, row-wise ones and others; some are refused, for tensors that overlap. */
export const anyCall: fc.Arbitrary<{ readonly text: string; readonly call: PoolCall }> = fc
  .tuple(
    fc.constantFrom(
      'add',
      'activation',
      'multiply',
      'rmsNorm',
      'rmsNormGrad',
      'quantizeRows',
      'ternaryMatmul',
      'ternaryMatmulGradX',
      'ternaryMatmulGradW',
      'ternaryMatmulGradW',
      'matmulTransA',
      'tokenShift',
      'tokenShiftGrad',
      'causalConv',
      'causalConvGrad',
      'causalConvGrad',
      'scale',
      'sumSquares',
    ),
    one,
    one,
    one,
    two,
    two,
    rule,
    precision,
    fc.nat({ max: 30 }),
    fc.integer({ min: 2, max: MAX_CONV_WIDTH }),
  )
  .map(([op, a, b, c, i, j, r, p, s, w]) => ({
    text: `${op} ${a} ${b} ${c} ${i} ${j} ${r} ${p} ${s} ${w}`,
    call: (k, { mats, rstd, gain, gainSums, weightSums, quantized, weights, seqLens, state }) => {
      const [x, y, z] = [mats[a]!, mats[b]!, mats[c]!];
      const seqLen = seqLens[s % seqLens.length]!;
      /** So many rows of a matrix that is large enough. */
      const top = (m: Mat, count: number): Mat =>
        ({ ...m, rows: count, data: m.data.subarray(0, count * COLS) }) as Mat;
      const [taps, tapSums] = [top(weightSums[1 - j]!, w), top(weightSums[j]!, w)];
      const bias = i ? gainSums[1]! : null;
      const calls: Readonly<Record<typeof op, () => void>> = {
        add: () => k.add(x, y, z),
        activation: () => k.activation(x, i ? y : null, z, 'silu'),
        multiply: () => k.multiply(x, y, z),
        rmsNorm: () => k.rmsNorm(x, rstd[i]!, y, j ? gain : gainSums[0]!, 1e-6),
        rmsNormGrad: () => k.rmsNormGrad(x, gainSums[j]!, y, z, gain, rstd[i]!),
        quantizeRows: () => k.quantizeRows(quantized[i]!.codes, quantized[i]!.scale, x, r),
        ternaryMatmul: () => k.ternaryMatmul(x, quantized[i]!, weights[j]!),
        ternaryMatmulGradX: () => k.ternaryMatmulGradX(x, y, weights[j]!, p),
        ternaryMatmulGradW: () => k.ternaryMatmulGradW(weightSums[j]!, x, quantized[i]!, p),
        tokenShift: () => k.tokenShift(x, state(seqLen, 1), y, gain, null, seqLen),
        tokenShiftGrad: () => k.tokenShiftGrad(x, gainSums[j]!, y, z, gain, null, seqLen),
        causalConv: () => k.causalConv(x, state(seqLen, w - 1), y, taps, bias, null, seqLen),
        causalConvGrad: () => k.causalConvGrad(x, tapSums, bias, y, z, taps, null, seqLen),
        matmulTransA: () => k.matmulTransA(weightSums[j]!, x, y, 'f32'),
        scale: () => k.scale(x, 0.5),
        sumSquares: () => void k.sumSquares(x),
      };
      calls[op]();
    },
  }));
