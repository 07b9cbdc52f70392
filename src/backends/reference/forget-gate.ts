import type { Kernels } from '../../core/kernels.ts';
import type { Mat } from '../../core/tensor.ts';
import { sigmoid } from './activation.ts';
import { rowChunks } from './row-chunks.ts';

/** The lower bound of a layer's gate in column d, and its derivative by each layer's logit. */
interface Bound {
  readonly value: number;
  readonly slopes: readonly number[];
}

function boundOf(logits: Mat | null, floor: number, layer: number, d: number): Bound {
  if (!logits) return { value: floor, slopes: [] };
  const column = Array.from({ length: logits.rows }, (_, l) => logits.data[l * logits.cols + d]!);
  const largest = Math.max(...column);
  const exps = column.map((z) => Math.exp(z - largest));
  const total = exps.reduce((a, b) => a + b, 0);
  const shares = exps.map((e) => e / total);
  const value = shares.slice(1, layer + 1).reduce((a, b) => a + b, 0);
  return { value, slopes: shares.map((p, l) => p * (Number(l >= 1 && l <= layer) - value)) };
}

/** The gate `f = b + (1 - b) * sigmoid(z)` and `rest = 1 - f`, with the shares s and `r = 1 - s` of its sigmoid. */
function gateOf(z: number, b: number) {
  const [s, r] = [sigmoid(z), sigmoid(-z)];
  return { f: b + (1 - b) * s, rest: (1 - b) * r, s, r };
}

/** A gate's logarithm; where the gate is near 1, by way of what it lacks. */
const logOf = (z: number, b: number): number => {
  // Without a bound also far below what a float holds.
  if (b === 0) return -(Math.max(-z, 0) + Math.log1p(Math.exp(-Math.abs(z))));
  const { f, rest } = gateOf(z, b);
  return rest < 0.5 ? Math.log1p(-rest) : Math.log(f);
};

/** A gate is taken for no less than this where the gradient of its bound is divided by it. */
const LEAST_GATE = 1e-20;

/** Adds `sum over rows of terms(row)`, chunk by chunk, to the gradients of a bound's logits and of a bias. */
function addSums(
  { slopes }: Bound,
  accLogits: Mat | null,
  accBias: Mat | null,
  d: number,
  rows: number,
  terms: (row: number) => { readonly ofBound: number; readonly ofBias: number },
): void {
  for (const [start, end] of rowChunks(rows)) {
    let [ofBound, ofBias] = [0, 0];
    for (let i = start; i < end; i++) {
      const term = terms(i);
      ofBound += term.ofBound;
      ofBias += term.ofBias;
    }
    if (accBias) accBias.data[d]! += ofBias;
    if (accLogits)
      for (const [l, slope] of slopes.entries()) accLogits.data[l * accLogits.cols + d]! += slope * ofBound;
  }
}

export const forgetGate: Kernels['forgetGate'] = (out, x, logits, bias, floor, layer) => {
  const D = out.cols / 2;
  for (let d = 0; d < D; d++) {
    const { value } = boundOf(logits, floor, layer, d);
    for (let at = d; at < x.data.length; at += 2 * D) {
      const { f, rest } = gateOf(x.data[at]! + (bias?.data[d] ?? 0), value);
      out.data[at] = f;
      out.data[at + D] = rest * x.data[at + D]!;
    }
  }
};

export const forgetGateGrad: Kernels['forgetGateGrad'] = (
  outDx,
  accLogits,
  accBias,
  dy,
  x,
  logits,
  bias,
  floor,
  layer,
) => {
  const D = x.cols / 2;
  for (let d = 0; d < D; d++) {
    const bound = boundOf(logits, floor, layer, d);
    addSums(bound, accLogits, accBias, d, x.rows, (i) => {
      const at = 2 * i * D + d;
      const { rest, s, r } = gateOf(x.data[at]! + (bias?.data[d] ?? 0), bound.value);
      const e = dy.data[at]! - x.data[at + D]! * dy.data[at + D]!;
      outDx.data[at] = e * rest * s;
      outDx.data[at + D] = rest * dy.data[at + D]!;
      return { ofBound: e * r, ofBias: e * rest * s };
    });
  }
};

export const logDecay: Kernels['logDecay'] = (out, x, logits, bias, floor, temperature, layer) => {
  const D = x.cols;
  for (let d = 0; d < D; d++) {
    const { value } = boundOf(logits, floor, layer, d);
    for (let i = 0; i < x.rows; i++) {
      const z = x.data[i * D + d]! + (bias?.data[d] ?? 0);
      if (out.cols > D) out.data[i * out.cols + d] = gateOf(z, value).rest;
      out.data[(i + 1) * out.cols - D + d] = logOf(z, value) / temperature;
    }
  }
};

export const logDecayGrad: Kernels['logDecayGrad'] = (
  outDx,
  accLogits,
  accBias,
  dy,
  x,
  logits,
  bias,
  floor,
  temperature,
  layer,
) => {
  const D = x.cols;
  for (let d = 0; d < D; d++) {
    const bound = boundOf(logits, floor, layer, d);
    addSums(bound, accLogits, accBias, d, x.rows, (i) => {
      const { f, rest, s, r } = gateOf(x.data[i * D + d]! + (bias?.data[d] ?? 0), bound.value);
      const ofRest = dy.cols > D ? dy.data[i * dy.cols + d]! : 0;
      const ofLog = dy.data[(i + 1) * dy.cols - D + d]! / temperature;
      // Without a bound s / f is 1, also where both vanish.
      const share = f > 0 ? s / f : Number(bound.value === 0);
      const slope = (ofLog * share - ofRest * s) * rest;
      outDx.data[i * D + d] = slope;
      return { ofBound: (ofLog / Math.max(f, LEAST_GATE) - ofRest) * r, ofBias: slope };
    });
  }
};
