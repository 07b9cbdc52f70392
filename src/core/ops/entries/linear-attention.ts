import type { Ids, Mat } from '../../tensor.ts';
import {
  accumulate,
  documentStarts,
  input,
  near,
  op,
  optional,
  output,
  scalar,
  size,
  update,
} from '../arguments.ts';
import type { Dims } from '../dims.ts';

// Ops whose state is a matrix for each head, S [K x V]: what was written under a key is read by a query.
//
// G key heads of width K, each shared by R heads of width V. A row of x has [q | k | v | b | log decay]: queries and keys of
// the G key heads, values of the G*R heads, for each head B write gates (one or none), and E columns of log decay, of which
// key channel c takes column floor(c * E / K): one for a head, one for each channel.

/** The columns of x, where `gates` are all write gates. */
const cols = (gates: string): string => `2*G*K+G*R*V+${gates}+G*R*E`;
const x = (gates: string) => input('x', 'M', cols(gates), { values: 'unit' });
const heads = [size('keyHeads', 'G'), size('group', 'R'), size('keys', 'K')] as const;
const scale = scalar('scale', { values: [1, 0.25] });
const SIZES = {
  S: { tested: [1, 2, 3, 11, 139, 258] },
  T: { tested: [1, 2, 4, 5, 9, 17, 50, 130] },
  G: { tested: [1, 2], bench: 4 },
  R: { tested: [1, 2], bench: 1 },
  K: { tested: [1, 3, 8, 17], bench: 48 },
  V: { tested: [1, 7, 8, 17, 33], bench: 48 },
  E: { tested: [1, 3, 8], bench: 1 },
  B: { tested: [1], bench: 0 },
} as const;

/** x with log decays of about -1/4 and less, and write gates from 0 to 1. */
function fitted(x: Float64Array, { G, R, K, V, E }: Dims, gates: number): Float64Array {
  const heads = G! * R!;
  const firstGate = 2 * G! * K! + heads * V!;
  const firstDecay = firstGate + heads * gates;
  return x.map((value, i) => {
    const col = i % (firstDecay + heads * E!);
    if (col >= firstDecay) return -Math.abs(value) / 4;
    return col >= firstGate ? 1 / (1 + value * value) : value;
  });
}

const ofSequences = { independent: 'sequence', equations: ['M = S*T'] } as const;
const ofGla = {
  ...ofSequences,
  mayBeZero: ['E', 'B'],
  limits: { B: [0, 1] },
  sizes: SIZES,
  inputs: ({ x }: Readonly<Record<string, Float64Array | null>>, d: Dims) => ({ x: fitted(x!, d, d.B!) }),
} as const;
const ofDelta = {
  ...ofSequences,
  mayBeZero: ['E'],
  sizes: SIZES,
  inputs: ({ x }: Readonly<Record<string, Float64Array | null>>, d: Dims) => ({ x: fitted(x!, d, 1) }),
} as const;

/**
 * Gated linear attention: with decays a = e^(log decay) and write gates b (1 where there are none), each head computes
 * `S_t = diag(a_t) S_{t-1} + k_t (b_t v_t)^T` and `out_t = scale * S_t^T q_t`. With a `bonus` u [1 x heads * K] it reads before
 * it writes: `out_t = scale * (S_{t-1} + diag(u) k_t (b_t v_t)^T)^T q_t` (RWKV-6). Without decay columns a head's decay is `1 - fade / 2^head`, as RetNet has it (Sun et al. 2023).
 *
 * `state` holds the S before each sequence, head after head, and receives the last one. At a document's first row what came
 * before counts as zero. A log decay above 0 counts as 0.
 */
export const gla = op<
  (
    out: Mat,
    state: Mat,
    x: Mat,
    bonus: Mat | null,
    fade: number,
    scale: number,
    keyHeads: number,
    group: number,
    keys: number,
    decays: number,
    starts: Ids | null,
    seqLen: number,
  ) => void
>({
  args: [
    output('out', 'M', 'G*R*V'),
    update('state', 'S*G*R*K', 'V'),
    x('G*R*B'),
    input('bonus', 1, 'G*R*K', { ...optional, values: 'unit' }),
    scalar('fade', { values: [0, 2 ** -5] }),
    scale,
    ...heads,
    size('decays', 'E'),
    documentStarts,
    size('seqLen', 'T'),
  ],
  ...ofGla,
  // Sums over rows and channels, which may cancel.
  agree: { ...near, whole: ['out', 'state'] },
  flops: ({ M, G, R, K, V }) => 5 * M! * G! * R! * K! * V!,
});

/** Gradients of `gla` for sequences that begin after a state of zero. */
export const glaGrad = op<
  (
    outDx: Mat,
    accBonus: Mat | null,
    dy: Mat,
    x: Mat,
    bonus: Mat | null,
    fade: number,
    scale: number,
    keyHeads: number,
    group: number,
    keys: number,
    decays: number,
    starts: Ids | null,
    seqLen: number,
  ) => void
>({
  args: [
    output('outDx', 'M', cols('G*R*B')),
    accumulate('accBonus', 1, 'G*R*K', optional),
    input('dy', 'M', 'G*R*V', { values: 'unit' }),
    x('G*R*B'),
    input('bonus', 1, 'G*R*K', { ...optional, values: 'unit' }),
    scalar('fade', { values: [0, 2 ** -5] }),
    scale,
    ...heads,
    size('decays', 'E'),
    documentStarts,
    size('seqLen', 'T'),
  ],
  ...ofGla,
  // A tile's states would be computed again for each phase of a sum over rows.
  schedule: 'serial',
  agree: { ...near, whole: ['outDx', 'accBonus'] },
  flops: ({ M, G, R, K, V }) => 12 * M! * G! * R! * K! * V!,
});

/**
 * The gated delta rule (Yang et al. 2024): queries and keys are divided by `sqrt(sum of squares + eps)`; what a head has under
 * a key is replaced, as far as the write gate b says: with `D = diag(a_t) S_{t-1}`, `S_t = D + b_t k_t (v_t - D^T k_t)^T` and
 * `out_t = scale * S_t^T q_t`. Without decay columns the decay is 1. The state is as in `gla`.
 */
export const delta = op<
  (
    out: Mat,
    state: Mat,
    x: Mat,
    scale: number,
    eps: number,
    keyHeads: number,
    group: number,
    keys: number,
    starts: Ids | null,
    seqLen: number,
  ) => void
>({
  args: [
    output('out', 'M', 'G*R*V'),
    update('state', 'S*G*R*K', 'V'),
    x('G*R'),
    scale,
    scalar('eps', { values: [1e-6] }),
    ...heads,
    documentStarts,
    size('seqLen', 'T'),
  ],
  ...ofDelta,
  agree: { ...near, whole: ['out', 'state'] },
  flops: ({ M, G, R, K, V }) => 7 * M! * G! * R! * K! * V!,
});

/** Gradients of `delta` for sequences that begin after a state of zero. */
export const deltaGrad = op<
  (
    outDx: Mat,
    dy: Mat,
    x: Mat,
    scale: number,
    eps: number,
    keyHeads: number,
    group: number,
    keys: number,
    starts: Ids | null,
    seqLen: number,
  ) => void
>({
  args: [
    output('outDx', 'M', cols('G*R')),
    input('dy', 'M', 'G*R*V', { values: 'unit' }),
    x('G*R'),
    scale,
    scalar('eps', { values: [1e-6] }),
    ...heads,
    documentStarts,
    size('seqLen', 'T'),
  ],
  ...ofDelta,
  agree: { ...near, whole: ['outDx'] },
  flops: ({ M, G, R, K, V }) => 21 * M! * G! * R! * K! * V!,
});
