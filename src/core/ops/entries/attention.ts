import { ROPE_LAYOUTS, type RopeLayout } from '../../choices.ts';
import type { Ids, Mat } from '../../tensor.ts';
import {
  accumulate,
  choice,
  documentStarts,
  input,
  near,
  op,
  optional,
  output,
  part,
  scalar,
  size,
  update,
} from '../arguments.ts';
import type { TensorArg } from '../spec.ts';

/** Rows of each sequence before a call (`StepContext.position`). */
const position: TensorArg = input('position', 'S', 1, { dtype: 'i32', values: 'whole', lasting: true });
/** Which of a step's sequences each one is (`StepContext.sequence`). */
const sequence: TensorArg = { ...position, name: 'sequence' };

/** Heads of [q | k | v]: H of queries, K of queries and keys, W of all; each key and value head serves R query heads. */
const HEADS = {
  independent: 'sequence',
  equations: ['M = S*T', 'H = G*R', 'K = G*R+G', 'W = G*R+2*G'],
} as const;
/** Edges of registers and tiles, of blocks of 24 queries and 96 keys, and of the random numbers' groups of 64. */
const HEAD_SIZES = {
  G: { tested: [1, 2], bench: 2 },
  R: { tested: [1, 3], bench: 2 },
  E: { tested: [1, 3, 8, 17, 32, 48, 64], bench: 48 },
  T: { tested: [1, 2, 4, 15, 16, 17, 25, 49, 65, 130], bench: 256 },
};
const TURNED_SIZES = { ...HEAD_SIZES, B: { tested: [1, 16], bench: 24 }, C: { tested: [1, 40], bench: 256 } };
const [kvHeads, group, seqLen] = [size('kvHeads', 'G'), size('group', 'R'), size('seqLen', 'T')];
const turned = scalar('turned', { whole: 0, values: [0, 1, 3, 24] });
const window = scalar('window', { whole: 0, values: [0, 1, 5, 64] });
const cap = scalar('cap', { values: [0, 1.5] });
const rate = scalar('rate', { values: [0, 0.3] });
const seed = scalar('seed', { whole: 0, values: [0, 2 ** 40 + 5] });
const step = scalar('step', { whole: 0, values: [0, 1000] });
const stream = scalar('stream', { whole: 0, values: [7, 2 ** 32 - 1] });

/**
 * Queries and keys as `attention` takes them: of the G*R query and G key heads of `x` [q | k | v], each of E columns, RMSNorm of
 * each head where `outRstd` is given, then a rotation by its position's angles. `angles` has a row for each position: the
 * cosines and then the sines of B pairs, of which at most `turned` are used; the other columns stay. A row of `gain` is for query
 * heads, one for key heads. `position`: rows of each sequence before this call.
 */
export const normRope = op<
  (
    out: Mat,
    outRstd: Mat | null,
    x: Mat,
    gain: Mat | null,
    angles: Mat,
    turned: number,
    layout: RopeLayout,
    position: Ids,
    kvHeads: number,
    group: number,
    eps: number,
    seqLen: number,
  ) => void
>({
  args: [
    output('out', 'M', 'K*E'),
    output('outRstd', 'M', 'K', optional),
    input('x', 'M', 'W*E'),
    input('gain', 2, 'E', optional),
    input('angles', 'C', '2*B', { values: 'unit' }),
    turned,
    choice('layout', ROPE_LAYOUTS),
    position,
    kvHeads,
    group,
    scalar('eps', { values: [1e-6] }),
    seqLen,
  ],
  agree: near,
  flops: ({ M, K, E }) => 8 * M! * K! * E!,
  ...HEADS,
  sizes: TURNED_SIZES,
});

/** Writes the gradient of the query and key columns of `x`. */
export const normRopeGrad = op<
  (
    outDx: Mat,
    accGain: Mat | null,
    dqk: Mat,
    x: Mat,
    rstd: Mat | null,
    gain: Mat | null,
    angles: Mat,
    turned: number,
    layout: RopeLayout,
    position: Ids,
    kvHeads: number,
    group: number,
    seqLen: number,
  ) => void
>({
  args: [
    part('outDx', 'M', 'W*E', [0, 'K*E']),
    accumulate('accGain', 2, 'E', optional),
    input('dqk', 'M', 'K*E'),
    input('x', 'M', 'W*E'),
    input('rstd', 'M', 'K', { ...optional, values: 'positive' }),
    input('gain', 2, 'E', optional),
    input('angles', 'C', '2*B', { values: 'unit' }),
    turned,
    choice('layout', ROPE_LAYOUTS),
    position,
    kvHeads,
    group,
    seqLen,
  ],
  agree: near,
  flops: ({ M, K, E }) => 14 * M! * K! * E!,
  ...HEADS,
  sizes: TURNED_SIZES,
});

/**
 * Causal softmax attention of G*R query heads over G key and value heads, `group` = R queries sharing one:
 * `p_ij = softmax over j of cap(gain * q_i . k_j / sqrt(E))`, `out_i = sum over j of p_ij v_j`, `outLse` the logarithm of the
 * softmax's sum. Queries and keys are `qk` [q | k], values the last columns of `x` [q | k | v]. A row sees itself and the rows
 * before it, of its document (`starts`), and at most `window` rows where that is not 0; `cap(s) = cap * tanh(s / cap)` where `cap`
 * is not 0. `keys` and `values` hold the P rows before each sequence's call, that of position p in slot p modulo P, and receive
 * its last rows. Weights are dropped at `rate`; which ones follows from `sequence`, each sequence's number in the step.
 */
export const attention = op<
  (
    out: Mat,
    outLse: Mat,
    keys: Mat,
    values: Mat,
    qk: Mat,
    x: Mat,
    gain: Mat | null,
    position: Ids,
    kvHeads: number,
    group: number,
    window: number,
    cap: number,
    rate: number,
    seed: number,
    step: number,
    stream: number,
    sequence: Ids,
    starts: Ids | null,
    seqLen: number,
  ) => void
>({
  args: [
    output('out', 'M', 'H*E'),
    output('outLse', 'M', 'H'),
    update('keys', 'S*G*E', 'P'),
    update('values', 'S*P', 'G*E'),
    input('qk', 'M', 'K*E', { values: 'unit' }),
    input('x', 'M', 'W*E'),
    input('gain', 1, 'H', { ...optional, values: 'scale' }),
    position,
    kvHeads,
    group,
    window,
    cap,
    rate,
    seed,
    step,
    stream,
    sequence,
    documentStarts,
    seqLen,
  ],
  agree: near,
  // Two products over the rows that a row sees.
  flops: ({ M, H, E, T, P }) => 4 * M! * H! * E! * ((T! + 1) / 2 + P!),
  ...HEADS,
  sizes: { ...HEAD_SIZES, P: { tested: [1, 40], bench: 1 } },
});

/**
 * Gradient for sequences without rows before them; the weights are computed again. Writes the value columns of `outDx`, the
 * gradient of `qk`, and what each row adds to the gradient of each head's gain [M x G*R].
 */
export const attentionGrad = op<
  (
    outDqk: Mat,
    outDx: Mat,
    outDgain: Mat | null,
    dy: Mat,
    qk: Mat,
    x: Mat,
    y: Mat,
    lse: Mat,
    gain: Mat | null,
    kvHeads: number,
    group: number,
    window: number,
    cap: number,
    rate: number,
    seed: number,
    step: number,
    stream: number,
    sequence: Ids,
    starts: Ids | null,
    seqLen: number,
  ) => void
>({
  args: [
    output('outDqk', 'M', 'K*E'),
    part('outDx', 'M', 'W*E', ['K*E', 'G*E']),
    output('outDgain', 'M', 'H', optional),
    input('dy', 'M', 'H*E'),
    input('qk', 'M', 'K*E', { values: 'unit' }),
    input('x', 'M', 'W*E'),
    input('y', 'M', 'H*E'),
    input('lse', 'M', 'H', { values: 'positive' }),
    input('gain', 1, 'H', { ...optional, values: 'scale' }),
    kvHeads,
    group,
    window,
    cap,
    rate,
    seed,
    step,
    stream,
    sequence,
    documentStarts,
    seqLen,
  ],
  agree: near,
  // Five products.
  flops: ({ M, H, E, T }) => 10 * M! * H! * E! * ((T! + 1) / 2),
  ...HEADS,
  sizes: HEAD_SIZES,
});
