import { ACTIVATION_FNS, type ActivationFn } from '../../src/core/choices.ts';
import type { OpName } from '../../src/core/kernels.ts';
import type { Dims } from '../../src/core/ops/dims.ts';

/** A call on values that random inputs never hit, in which a careless kernel loses digits. */
export interface SpecialCall {
  readonly claim: string;
  readonly op: OpName;
  /** Of the symbols that can be chosen. */
  readonly dims: Dims;
  /** Values of choices. */
  readonly choices?: readonly string[];
  /** Values by argument, those of a tensor by index; the others are drawn. */
  readonly inputs: Readonly<Record<string, number | ((i: number) => number)>>;
  /** How close every element must come to float64's, as a share of itself. */
  readonly within: number;
}

const every = (value: number) => () => value;
/** Step sizes: after 42 steps, a function or its slope leaves float32's range, if it ever does. */
const VANISHES: Readonly<Record<ActivationFn, number>> = {
  silu: 2,
  sigmoid: 2,
  tanh: 1,
  relu: 1,
  relu2: 1,
  gelu: 0.31,
  gelu_tanh: 0.23,
  softplus: 2,
};
const HUGE = [1e3, -1e3, 1e4, -1e4, 1e10, -1e10, 1e20, -1e20, 1e30, -1e30, 3e38, -3e38];

/** Enough columns for whole registers, four of them at a time, and a tail, on every instruction set. */
const WIDE = 85;
/** More ids than 16 bits can represent. */
const MANY = 70_000;
const CONFIDENT = { offsets: (i: number) => i, ids: every(0), weights: every(1) };
const confident = (more: SpecialCall['inputs'] = {}): SpecialCall['inputs'] => ({
  'targets.offsets': CONFIDENT.offsets,
  'targets.ids': CONFIDENT.ids,
  'targets.weights': CONFIDENT.weights,
  scale: 1,
  // Capped logits are not confident.
  cap: 0,
  zLoss: 0,
  ...more,
});
/** One target with three entries, whose sum float32 cannot represent. */
const COUNTS = [2 ** 24, 1, 1];
const counted = (more: SpecialCall['inputs']): SpecialCall['inputs'] =>
  confident({ 'targets.offsets': (i) => 3 * i, 'targets.weights': (i) => COUNTS[i % 3]!, ...more });

/** In one float32 sum, so many small terms beside a large one would lose a visible share. */
const MANY_KEYS = 1000;
const PLAIN_ATTENTION = {
  gain: every(1),
  window: 0,
  cap: 0,
  rate: 0,
  sequence: every(0),
  starts: every(0),
} satisfies SpecialCall['inputs'];

export const SPECIAL_CALLS: readonly SpecialCall[] = [
  {
    claim: 'AdamW keeps the digits of 1 - beta in its first step',
    op: 'adamW',
    dims: { M: 3, D: WIDE },
    inputs: { m: every(0), v: every(0), beta1: 0.9999, beta2: 0.9999, step: 1 },
    within: 1e-5,
  },
  {
    claim: 'AdamW learns from gradients whose squares overflow',
    op: 'adamW',
    dims: { M: 3, D: WIDE },
    inputs: {
      p: every(0),
      m: every(0),
      v: every(0),
      g: (i) => (i % 2 ? 1e20 : -1e20),
      beta1: 0.9,
      beta2: 0.999,
      step: 1,
    },
    within: 1e-5,
  },
  {
    claim: 'AdamW adds eps to the root, not under it',
    op: 'adamW',
    dims: { M: 3, D: WIDE },
    inputs: {
      p: every(0),
      m: every(0),
      v: every(0),
      g: (i) => 1e-8 * (1 + i),
      beta1: 0.9,
      beta2: 0.999,
      step: 1,
    },
    within: 1e-5,
  },
  ...[2, WIDE].flatMap((V): SpecialCall[] => [
    {
      claim: `a confident row of ${V} logits keeps the digits of its small loss and gradient`,
      op: 'softmaxCrossEntropy',
      dims: { M: 2, V, Z: 2 },
      inputs: confident({ z: (i) => (i % V ? 0 : 20) }),
      within: 1e-5,
    },
    {
      claim: `a confident row of ${V} logits of the head keeps the digits of its small loss and gradients`,
      op: 'headLoss',
      dims: { M: 2, V, D: 1, Z: 2 },
      choices: ['f32'],
      inputs: confident({
        h: every(1),
        table: (i) => (i % V ? 0 : 20),
        bias: every(0),
        accTable: every(0),
        accBias: every(0),
      }),
      within: 1e-5,
    },
  ]),
  {
    claim: 'a confident row keeps its gradient when float32 cannot represent the sum of its counts',
    op: 'softmaxCrossEntropy',
    dims: { M: 2, V: WIDE, Z: 6 },
    inputs: counted({ z: (i) => (i % WIDE ? 0 : 20) }),
    within: 1e-4,
  },
  {
    claim: 'a row whose targets weigh nothing has no loss and no gradient',
    op: 'softmaxCrossEntropy',
    dims: { M: 2, V: WIDE, Z: 2 },
    inputs: confident({ 'targets.weights': every(0) }),
    within: 0,
  },
  {
    claim: 'softmaxCrossEntropy takes the right logits for targets beyond 16 bits',
    op: 'softmaxCrossEntropy',
    dims: { M: 2, V: MANY, Z: 2 },
    inputs: confident({ z: (i) => (i % MANY) / MANY, 'targets.ids': (i) => MANY - 1 - i }),
    within: 1e-4,
  },
  {
    claim: 'gatherRows takes the right rows for ids beyond 16 bits',
    op: 'gatherRows',
    dims: { M: 3, V: MANY, D: 2 },
    inputs: { table: (i) => i, ids: (i) => MANY - 1 - i },
    within: 0,
  },
  {
    claim: 'scatterAddRows adds to the right rows for ids beyond 16 bits',
    op: 'scatterAddRows',
    dims: { M: 3, V: MANY, D: 2 },
    inputs: { accTable: every(0), dy: (i) => 1 + i, ids: (i) => MANY - 1 - i },
    within: 0,
  },
  {
    claim: 'countPairs counts the right pairs for ids beyond 16 bits',
    op: 'countPairs',
    dims: { N: 9, V: MANY },
    inputs: { ids: (i) => MANY - 1 - (i % 3), targets: (i) => MANY - 1 - (i % 2) },
    within: 0,
  },
  {
    claim: 'the squares of a matrix are summed in float64, and do not overflow',
    op: 'sumSquares',
    dims: { M: 20, D: 4001 },
    inputs: { x: (i) => (i % 2 ? 1.1e20 : 0.3e20) },
    within: 1e-12,
  },
  ...[20, -20].flatMap((mix): SpecialCall[] => [
    {
      claim: `token shift keeps the digits of the smaller share where mix is ${mix}`,
      op: 'tokenShift',
      dims: { S: 2, T: 4, D: WIDE },
      inputs: {
        mix: every(mix),
        // Each row meets zeros in the one before it, or is zero itself.
        x: (i) => (Math.floor(i / WIDE) % 2 ? 0 : 1 + (i % WIDE)),
        state: every(0),
      },
      within: 1e-5,
    },
    {
      claim: `token shift's gradient keeps the digits of the smaller share where mix is ${mix}`,
      op: 'tokenShiftGrad',
      dims: { S: 2, T: 4, D: WIDE },
      inputs: {
        mix: every(mix),
        dy: (i) => (Math.floor(i / WIDE) % 2 ? 0 : 1 + (i % WIDE)),
        x: (i) => i,
        accMix: every(0),
      },
      within: 1e-5,
    },
  ]),
  {
    claim: 'a forget gate keeps the digits of the little that it lets in',
    op: 'forgetGate',
    dims: { M: 2, D: WIDE, A: 1, R: 1 },
    inputs: { x: (i) => (i % (2 * WIDE) < WIDE ? 12 + (i % 9) : 1.5), logits: every(0), bias: every(0) },
    within: 1e-5,
  },
  ...[0, -200].flatMap((logit): SpecialCall[] => [
    {
      claim: `a log decay keeps its digits near 0 and far from it, where the bound's logit is ${logit}`,
      op: 'logDecay',
      dims: { M: 3, D: WIDE, A: 1, R: 1, P: 2 },
      inputs: {
        x: (i) => ((i % WIDE) - 42) * 2,
        logits: (i) => (i < WIDE || i >= 2 * WIDE ? 0 : logit),
        bias: every(0),
      },
      within: 1e-5,
    },
  ]),
  {
    claim: "a log decay's gradients keep their digits as the gate closes",
    op: 'logDecayGrad',
    dims: { M: 1, D: WIDE, A: 1, R: 1, P: 1 },
    inputs: {
      x: (i) => ((i % WIDE) - 42) / 2,
      dy: every(1),
      logits: every(0),
      bias: every(0),
      accLogits: every(0),
      accBias: every(0),
    },
    within: 1e-5,
  },
  // One column of log decay for a head, for two channels, and for each.
  ...[1, 2, 4].flatMap((E): SpecialCall[] => {
    const dims = { S: 1, T: 5, G: 1, R: 1, K: 4, V: 2, E, B: 0 };
    const x = (i: number): number => (i % (10 + E) >= 10 ? 3 : 1);
    return [
      {
        claim: `gated linear attention counts a log decay above 0 as 0, ${E} for 4 channels`,
        op: 'gla',
        dims,
        inputs: { x, state: every(1), bonus: every(1) },
        within: 1e-6,
      },
      {
        claim: `a log decay above 0 has no gradient, ${E} for 4 channels`,
        op: 'glaGrad',
        dims,
        inputs: { x, dy: every(1), bonus: every(1), accBonus: every(0) },
        within: 1e-6,
      },
    ];
  }),
  ...ACTIVATION_FNS.flatMap((fn): SpecialCall[] => {
    // gelu_tanh rounds its exponent, and the rounding error grows with the exponent.
    const within = fn === 'gelu_tanh' ? 2e-5 : 2e-6;
    const base = { op: 'activation', choices: [fn], within } as const;
    return [
      {
        ...base,
        claim: `${fn} and its slope keep their digits as they vanish`,
        dims: { M: 2, D: WIDE },
        inputs: { x: (i) => ((i % WIDE) - 42) * VANISHES[fn] },
      },
      {
        ...base,
        claim: `${fn} and its slope keep their digits near 0`,
        dims: { M: 2, D: WIDE },
        inputs: { x: (i) => (i % 2 ? 1.1 : -1.1) * 2 ** -(i % 60) },
      },
      {
        ...base,
        claim: `${fn} and its slope reach their limits far from 0`,
        dims: { M: 2, D: HUGE.length },
        inputs: { x: (i) => HUGE[i % HUGE.length]! * (fn === 'relu2' ? 1e-20 : 1) },
      },
    ];
  }),
  ...(['a', 'b'] as const).map(
    (small): SpecialCall => ({
      claim: `a bf16 product treats subnormal numbers in ${small} as 0, and keeps normal ones`,
      op: 'matmul',
      dims: { M: 9, K: 1, N: WIDE },
      choices: ['bf16'],
      inputs: {
        a: every(2 ** 100),
        b: every(2 ** 100),
        [small]: (i: number) => (i % 2 ? 1.5 : 0.75) * 2 ** -126,
      },
      within: 0,
    }),
  ),
  ...(['bf16', 'int8', 'f32'] as const).flatMap((precision): SpecialCall[] => [
    {
      claim: `gradients of 1e-13 reach the input of a ternary product in ${precision}`,
      op: 'ternaryMatmulGradX',
      dims: { M: 3, N: 1, K: WIDE },
      choices: [precision],
      inputs: { dy: (i) => 1.27e-13 * 2 ** -i, 'w.codes': (i) => (i % 3) - 1, 'w.scale': every(0.5) },
      within: 4e-3,
    },
    {
      claim: `gradients of 1e-13 reach the weights of a ternary product in ${precision}`,
      op: 'ternaryMatmulGradW',
      dims: { M: 1, N: WIDE, K: 5 },
      choices: [precision],
      inputs: {
        accW: every(0),
        dy: (i) => 1.27e-13 * 2 ** -(i % 9),
        'x.codes': (i) => i - 2,
        'x.scale': every(0.5),
      },
      within: 4e-3,
    },
  ]),
  // Few rows take another form of the weights than many.
  ...[2, 9]
    .flatMap((M) => [-128, 127].map((code) => ({ M, code })))
    .map(
      ({ M, code }): SpecialCall => ({
        claim: `${M} long rows of codes ${code} have their exact sums`,
        op: 'ternaryMatmul',
        dims: { M, N: 3, K: 40_001 },
        inputs: {
          'x.codes': every(code),
          'w.codes': (i) => (i % 3 ? 1 : -1),
          'x.scale': every(1),
          'w.scale': every(1),
          'w.rowScale': every(1),
        },
        within: 0,
      }),
    ),
  ...(['normalize', 'normalizeOverTime'] as const).flatMap((op): SpecialCall[] => {
    const dims = { ...(op === 'normalize' ? { M: 2 } : { S: 2, T: 3 }), G: 1, E: WIDE };
    const plain = { gain: every(1), bias: every(0) };
    return [
      {
        claim: `${op} finds the deviation of rows whose squares overflow`,
        op,
        dims,
        inputs: { ...plain, x: (i) => (i % 2 ? 1e20 : -1e20) },
        within: 1e-5,
      },
      {
        claim: `${op} finds the mean of rows whose sum overflows`,
        op,
        dims,
        inputs: { ...plain, x: (i) => (i % 2 ? 2e38 : 2.6e38) },
        within: 1e-5,
      },
    ];
  }),
  {
    claim: 'a softmax of large values is that of how far they lie below the largest',
    op: 'softmax',
    dims: { M: 2, D: WIDE },
    inputs: { x: (i) => 1000 + (i % 9), factor: 0.125 },
    within: 2e-5,
  },
  {
    claim: 'attention adds many values of little weight to one of a large weight',
    op: 'attention',
    dims: { S: 1, T: MANY_KEYS, G: 1, R: 1, E: 1, P: 1 },
    inputs: {
      ...PLAIN_ATTENTION,
      qk: (i) => (i === 1 ? 9 : i % 2 ? 0 : 1),
      x: every(1.1),
      keys: every(0),
      values: every(0),
      position: every(0),
    },
    within: 6e-6,
  },
  {
    claim: "attention's gradients add many small ones to a large one",
    op: 'attentionGrad',
    dims: { S: 1, T: MANY_KEYS, G: 1, R: 1, E: 1 },
    inputs: {
      ...PLAIN_ATTENTION,
      qk: every(0),
      x: every(1),
      y: every(1),
      lse: every(0),
      dy: (i) => (i ? 1.1e-4 : 1),
    },
    within: 3e-6,
  },
  {
    claim: "a row's median is the weight that is there twice in its middle",
    op: 'quantizeWeightRows',
    dims: { N: 3, K: 4 },
    choices: ['absmedian'],
    inputs: { w: (i) => [1, -2, 2, 3][i % 4]! },
    within: 0,
  },
  {
    claim: 'rmsNorm is as exact for a long row as for a short one',
    op: 'rmsNorm',
    dims: { M: 1, D: 300_000 },
    inputs: { x: every(1.1), gain: every(1) },
    within: 3e-7,
  },
  {
    claim: 'rmsNormGrad is as exact for a long row as for a short one',
    op: 'rmsNormGrad',
    dims: { M: 1, D: 300_000 },
    inputs: {
      x: every(1.1),
      dy: (i) => (i % 2 ? 1.1 : 0.7),
      gain: every(1),
      rstd: every(1 / 1.1),
      accGain: every(0),
    },
    within: 3e-6,
  },
];
