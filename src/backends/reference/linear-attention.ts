import type { Kernels } from '../../core/kernels.ts';
import type { Ids, Mat } from '../../core/tensor.ts';
import { begins } from './document-starts.ts';
import { rowChunks } from './row-chunks.ts';

type Real = Float32Array | Float64Array;

/** What a call's arguments say: see `core/ops/entries/linear-attention.ts`. */
interface Call {
  readonly x: Mat;
  readonly rule: 'add' | 'delta';
  readonly bonus: Mat | null;
  readonly fade: number;
  readonly scale: number;
  /** Added to the sum of squares of queries and keys; null leaves them as they are. */
  readonly eps: number | null;
  readonly keyHeads: number;
  readonly group: number;
  readonly keys: number;
  readonly values: number;
  readonly gates: number;
  readonly decays: number;
  readonly starts: Ids | null;
  readonly seqLen: number;
}

/** A head's numbers of one row. */
interface Row {
  readonly q: Float64Array;
  readonly k: Float64Array;
  readonly v: Real;
  readonly gate: number;
  /** Of each key channel. */
  readonly decay: Float64Array;
  /** 1 / norm of the query and of the key; 1 where they are not normalised. */
  readonly perNorm: readonly [q: number, k: number];
  /** The first column of each part of x. */
  readonly at: Readonly<Record<'q' | 'k' | 'v' | 'gate' | 'decay', number>>;
}

function rowOf(call: Call, i: number, head: number): Row {
  const { x, keyHeads, group, keys, values, gates, decays, eps } = call;
  const heads = keyHeads * group;
  const keyHead = Math.floor(head / group);
  const at = {
    q: keyHead * keys,
    k: (keyHeads + keyHead) * keys,
    v: 2 * keyHeads * keys + head * values,
    gate: 2 * keyHeads * keys + heads * values + head * gates,
    decay: 2 * keyHeads * keys + heads * (values + gates) + head * decays,
  };
  const part = (from: number, count: number): Real =>
    x.data.subarray(i * x.cols + from, i * x.cols + from + count);
  const normed = (from: number): [Float64Array, number] => {
    const raw = Float64Array.from(part(from, keys));
    const perNorm = eps === null ? 1 : 1 / Math.sqrt(raw.reduce((sum, a) => sum + a * a, 0) + eps);
    return [raw.map((a) => a * perNorm), perNorm];
  };
  const [q, perQ] = normed(at.q);
  const [k, perK] = normed(at.k);
  const logs = part(at.decay, decays);
  const constant = 1 - call.fade / 2 ** head;
  const decay = Float64Array.from({ length: keys }, (_, c) =>
    decays > 0 ? Math.exp(Math.min(0, logs[Math.floor((c * decays) / keys)]!)) : constant,
  );
  const gate = gates > 0 ? part(at.gate, 1)[0]! : 1;
  return { q, k, v: part(at.v, values), gate, decay, perNorm: [perQ, perK], at };
}

/** What a row's rule writes: `residual`, times the gate, under the key; from the state before it. */
function residualOf({ rule, values }: Call, { k, v, decay }: Row, before: Real): Float64Array {
  return Float64Array.from(v, (value, n) => {
    if (rule === 'add') return value;
    let known = 0;
    for (const [c, key] of k.entries()) known += key * decay[c]! * before[c * values + n]!;
    return value - known;
  });
}

/** The sum of q u k over the channels: how much of what a row writes it reads itself, before it is written. */
function bonusOf({ bonus, keys }: Call, { q, k }: Row, head: number): number {
  return q.reduce((sum, a, c) => sum + a * bonus!.data[head * keys + c]! * k[c]!, 0);
}

/** Moves a state over one row, in place. Stored row by row, so that it does not matter how a sequence is cut into calls. */
function advance(call: Call, row: Row, state: Real): Float64Array {
  const { values } = call;
  const residual = residualOf(call, row, state);
  for (const [c, key] of row.k.entries())
    for (let n = 0; n < values; n++)
      state[c * values + n] = row.decay[c]! * state[c * values + n]! + key * row.gate * residual[n]!;
  return residual;
}

function forward(call: Call, out: Mat, state: Mat): void {
  const { x, bonus, scale, keyHeads, group, keys, values, starts, seqLen } = call;
  const heads = keyHeads * group;
  for (let s = 0; s < x.rows / seqLen; s++) {
    for (let head = 0; head < heads; head++) {
      const first = (s * heads + head) * keys * values;
      const own = state.data.subarray(first, first + keys * values);
      for (let i = s * seqLen; i < (s + 1) * seqLen; i++) {
        if (begins(starts, i, seqLen)) own.fill(0);
        const row = rowOf(call, i, head);
        const read = (n: number): number => row.q.reduce((sum, a, c) => sum + a * own[c * values + n]!, 0);
        const before = Array.from({ length: values }, (_, n) => (bonus ? read(n) : 0));
        const residual = advance(call, row, own);
        const ownShare = bonus ? bonusOf(call, row, head) * row.gate : 0;
        for (let n = 0; n < values; n++)
          out.data[i * out.cols + head * values + n] =
            scale * (bonus ? before[n]! + ownShare * residual[n]! : read(n));
      }
    }
  }
}

function backward(call: Call, outDx: Mat, accBonus: Mat | null, dy: Mat): void {
  const { x, keyHeads, group, keys, bonus, seqLen } = call;
  const heads = keyHeads * group;
  outDx.data.fill(0);
  /** Of each row the terms of the bonus's gradient. */
  const terms = new Float64Array(bonus ? x.rows * heads * keys : 0);
  for (let s = 0; s < x.rows / seqLen; s++)
    for (let head = 0; head < heads; head++) backwardHead(call, outDx, dy, s, head, terms);
  if (!accBonus || !bonus) return;
  for (const [start, end] of rowChunks(x.rows)) {
    for (let c = 0; c < heads * keys; c++) {
      let sum = 0;
      for (let i = start; i < end; i++) sum += terms[i * heads * keys + c]!;
      accBonus.data[c]! += sum;
    }
  }
}

/** Adds one head's gradients of one sequence to outDx. */
function backwardHead(
  call: Call,
  outDx: Mat,
  dy: Mat,
  s: number,
  head: number,
  bonusTerms: Float64Array,
): void {
  const { x, rule, bonus, scale, keyHeads, group, keys, values, gates, decays, starts, seqLen } = call;
  const first = s * seqLen;
  const befores: Float64Array[] = [];
  const residuals: Float64Array[] = [];
  const state = new Float64Array(keys * values);
  for (let t = 0; t < seqLen; t++) {
    if (begins(starts, first + t, seqLen)) state.fill(0);
    befores.push(state.slice());
    residuals.push(advance(call, rowOf(call, first + t, head), state));
  }
  /** The gradient of the state after the row. */
  const dState = new Float64Array(keys * values);
  const dot = (a: (n: number) => number, b: (n: number) => number): number => {
    let sum = 0;
    for (let n = 0; n < values; n++) sum += a(n) * b(n);
    return sum;
  };
  for (let t = seqLen - 1; t >= 0; t--) {
    const i = first + t;
    const row = rowOf(call, i, head);
    const { q, k, decay, gate, perNorm, at } = row;
    const [before, residual] = [befores[t]!, residuals[t]!];
    const dOut = (n: number): number => scale * dy.data[i * dy.cols + head * values + n]!;
    const written = (n: number): number => gate * residual[n]!;
    const add = (col: number, value: number): void => {
      outDx.data[i * x.cols + col]! += value;
    };
    if (!bonus)
      for (const [c, a] of q.entries())
        for (let n = 0; n < values; n++) dState[c * values + n]! += a * dOut(n);
    const ownShare = bonus ? bonusOf(call, row, head) : 0;
    const dWritten = Float64Array.from({ length: values }, (_, n) =>
      k.reduce((sum, key, c) => sum + key * dState[c * values + n]!, ownShare * dOut(n)),
    );
    const dResidual = dWritten.map((d) => gate * d);
    for (let n = 0; n < values; n++) add(at.v + n, dResidual[n]!);
    if (gates > 0)
      add(
        at.gate,
        dot(
          (n) => dWritten[n]!,
          (n) => residual[n]!,
        ),
      );
    const ofWritten = dot(written, dOut);
    const dq = new Float64Array(keys);
    const dk = new Float64Array(keys);
    for (let c = 0; c < keys; c++) {
      const old = (n: number): number => before[c * values + n]!;
      const read = dot(old, dOut);
      dk[c] = dot((n) => dState[c * values + n]!, written);
      if (bonus) {
        const u = bonus.data[head * keys + c]!;
        dq[c] = read + u * k[c]! * ofWritten;
        dk[c]! += u * q[c]! * ofWritten;
        bonusTerms[(i * keyHeads * group + head) * keys + c] = q[c]! * k[c]! * ofWritten;
      } else {
        dq[c] = decay[c]! * read + k[c]! * ofWritten;
      }
      if (rule === 'delta') {
        dk[c]! -= decay[c]! * dot(old, (n) => dResidual[n]!);
        for (let n = 0; n < values; n++) dState[c * values + n]! -= k[c]! * dResidual[n]!;
      }
      const dDecay = decay[c]! * dot((n) => dState[c * values + n]!, old);
      const col = at.decay + Math.floor((c * decays) / keys);
      if (decays > 0 && x.data[i * x.cols + col]! <= 0) add(col, dDecay);
      for (let n = 0; n < values; n++)
        dState[c * values + n] = decay[c]! * dState[c * values + n]! + (bonus ? q[c]! * dOut(n) : 0);
    }
    for (const [from, d, normed, per] of [
      [at.q, dq, q, perNorm[0]],
      [at.k, dk, k, perNorm[1]],
    ] as const) {
      const along = d.reduce((sum, value, c) => sum + value * normed[c]!, 0);
      for (let c = 0; c < keys; c++)
        add(from + c, call.eps === null ? d[c]! : per * (d[c]! - normed[c]! * along));
    }
    if (begins(starts, i, seqLen)) dState.fill(0);
  }
}

/** The widths that the columns of x and of out give, beside those that the arguments name; of gates or decays, one is given. */
function sizesOf(
  x: Mat,
  outCols: number,
  given: Pick<Call, 'keyHeads' | 'group' | 'keys'>,
  count: { readonly gates: number } | { readonly decays: number },
): Pick<Call, 'keyHeads' | 'group' | 'keys' | 'values' | 'gates' | 'decays'> {
  const heads = given.keyHeads * given.group;
  const values = outCols / heads;
  const others = (x.cols - 2 * given.keyHeads * given.keys) / heads - values;
  return 'gates' in count
    ? { ...given, values, ...count, decays: others - count.gates }
    : { ...given, values, ...count, gates: others - count.decays };
}

export const gla: Kernels['gla'] = (
  out,
  state,
  x,
  bonus,
  fade,
  scale,
  keyHeads,
  group,
  keys,
  decays,
  starts,
  seqLen,
) => {
  const sizes = sizesOf(x, out.cols, { keyHeads, group, keys }, { decays });
  forward({ x, rule: 'add', bonus, fade, scale, eps: null, ...sizes, starts, seqLen }, out, state);
};

export const glaGrad: Kernels['glaGrad'] = (
  outDx,
  accBonus,
  dy,
  x,
  bonus,
  fade,
  scale,
  keyHeads,
  group,
  keys,
  decays,
  starts,
  seqLen,
) => {
  const sizes = sizesOf(x, dy.cols, { keyHeads, group, keys }, { decays });
  const call: Call = { x, rule: 'add', bonus, fade, scale, eps: null, ...sizes, starts, seqLen };
  backward(call, outDx, accBonus, dy);
};

export const delta: Kernels['delta'] = (out, state, x, scale, eps, keyHeads, group, keys, starts, seqLen) => {
  const sizes = sizesOf(x, out.cols, { keyHeads, group, keys }, { gates: 1 });
  forward({ x, rule: 'delta', bonus: null, fade: 0, scale, eps, ...sizes, starts, seqLen }, out, state);
};

export const deltaGrad: Kernels['deltaGrad'] = (
  outDx,
  dy,
  x,
  scale,
  eps,
  keyHeads,
  group,
  keys,
  starts,
  seqLen,
) => {
  const sizes = sizesOf(x, dy.cols, { keyHeads, group, keys }, { gates: 1 });
  const call: Call = { x, rule: 'delta', bonus: null, fade: 0, scale, eps, ...sizes, starts, seqLen };
  backward(call, outDx, null, dy);
};
