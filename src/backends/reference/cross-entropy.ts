import type { Kernels } from '../../core/kernels.ts';

export const softmaxCrossEntropy: Kernels['softmaxCrossEntropy'] = (outNats, outDz, z, targets, scale) => {
  const V = z.cols;
  for (let i = 0; i < z.rows; i++) {
    let max = Number.NEGATIVE_INFINITY;
    for (let v = 0; v < V; v++) max = Math.max(max, z.data[i * V + v]!);
    let sum = 0;
    for (let v = 0; v < V; v++) sum += Math.exp(z.data[i * V + v]! - max);
    const logSumExp = max + Math.log(sum);
    let n = 0;
    let nats = 0;
    for (let t = targets.offsets.data[i]!; t < targets.offsets.data[i + 1]!; t++) {
      const weight = targets.weights.data[t]!;
      n += weight;
      nats += weight * (logSumExp - z.data[i * V + targets.ids.data[t]!]!);
    }
    outNats.data[i] = nats;
    if (!outDz) continue;
    for (let v = 0; v < V; v++) {
      outDz.data[i * V + v] = scale * n * Math.exp(z.data[i * V + v]! - logSumExp);
    }
    for (let t = targets.offsets.data[i]!; t < targets.offsets.data[i + 1]!; t++) {
      outDz.data[i * V + targets.ids.data[t]!]! -= scale * targets.weights.data[t]!;
    }
  }
};
