import type { Kernels } from '../../core/kernels.ts';

export const softCap: Kernels['softCap'] = (z, cap) => {
  for (let i = 0; i < z.data.length; i++) z.data[i] = cap * Math.tanh(z.data[i]! / cap);
};

export const softmaxCrossEntropy: Kernels['softmaxCrossEntropy'] = (
  outNats,
  outDz,
  z,
  targets,
  scale,
  cap,
  zLoss,
) => {
  const V = z.cols;
  const dz = outDz && new Float64Array(V);
  const capped = cap > 0 ? new Float64Array(V) : null;
  for (let i = 0; i < z.rows; i++) {
    const raw = z.data.subarray(i * V, (i + 1) * V);
    if (capped) for (let v = 0; v < V; v++) capped[v] = cap * Math.tanh(raw[v]! / cap);
    const logits = capped ?? raw;
    let max = Number.NEGATIVE_INFINITY;
    for (let v = 0; v < V; v++) max = Math.max(max, logits[v]!);
    let sum = 0;
    for (let v = 0; v < V; v++) sum += Math.exp(logits[v]! - max);
    // `max - z` is added separately: next to a huge maximum the logarithm would be lost.
    let n = 0;
    let below = 0;
    for (let t = targets.offsets.data[i]!; t < targets.offsets.data[i + 1]!; t++) {
      const weight = targets.weights.data[t]!;
      n += weight;
      below += weight * (max - logits[targets.ids.data[t]!]!);
    }
    const lse = max + Math.log(sum);
    outNats.data[i] = n * Math.log(sum) + below + (zLoss > 0 ? zLoss * n * lse ** 2 : 0);
    if (!dz) continue;
    const pull = zLoss > 0 ? n * (1 + 2 * zLoss * lse) : n;
    // Subtracted in float64: the difference may be far smaller than its terms, so only the result is rounded.
    for (let v = 0; v < V; v++) dz[v] = (scale * pull * Math.exp(logits[v]! - max)) / sum;
    for (let t = targets.offsets.data[i]!; t < targets.offsets.data[i + 1]!; t++) {
      dz[targets.ids.data[t]!]! -= scale * targets.weights.data[t]!;
    }
    if (capped) for (let v = 0; v < V; v++) dz[v]! *= 1 - (capped[v]! / cap) ** 2;
    outDz.data.set(dz, i * V);
  }
};
