import type { Kernels } from '../../core/kernels.ts';

export const softmaxCrossEntropy: Kernels['softmaxCrossEntropy'] = (outNats, outDz, z, targets, scale) => {
  const V = z.cols;
  const dz = outDz && new Float64Array(V);
  for (let i = 0; i < z.rows; i++) {
    let max = Number.NEGATIVE_INFINITY;
    for (let v = 0; v < V; v++) max = Math.max(max, z.data[i * V + v]!);
    let sum = 0;
    for (let v = 0; v < V; v++) sum += Math.exp(z.data[i * V + v]! - max);
    // `max - z` is added separately: next to a huge maximum the logarithm would be lost.
    let n = 0;
    let below = 0;
    for (let t = targets.offsets.data[i]!; t < targets.offsets.data[i + 1]!; t++) {
      const weight = targets.weights.data[t]!;
      n += weight;
      below += weight * (max - z.data[i * V + targets.ids.data[t]!]!);
    }
    outNats.data[i] = n * Math.log(sum) + below;
    if (!dz) continue;
    // Subtracted in float64: the difference may be far smaller than its terms, so only the result is rounded.
    for (let v = 0; v < V; v++) dz[v] = (scale * n * Math.exp(z.data[i * V + v]! - max)) / sum;
    for (let t = targets.offsets.data[i]!; t < targets.offsets.data[i + 1]!; t++) {
      dz[targets.ids.data[t]!]! -= scale * targets.weights.data[t]!;
    }
    outDz.data.set(dz, i * V);
  }
};
