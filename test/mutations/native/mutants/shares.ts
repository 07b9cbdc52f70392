import type { NativeMutant } from '../mutant.ts';

/** Softmax of rows, and products with gates. */
export const SHARE_MUTANTS: readonly NativeMutant[] = [
  {
    id: 'softmax-max-unscaled',
    fault: 'the maximum is that of the row before it is scaled',
    file: 'kernels/softmax.inl',
    at: 'expRow(out, out, D, rowMax(«out», D))',
    wrong: 'x',
  },
  {
    id: 'softmax-not-divided',
    fault: 'shares are not divided by their sum',
    file: 'kernels/softmax.inl',
    at: '«scaleRow(out, D, static_cast<float>(1 / sum));»',
    wrong: '(void)sum;',
  },
  {
    id: 'softmax-grad-mean',
    fault: 'the term with the sum of p * dp is missing',
    file: 'kernels/softmax.inl',
    at: 'simd::mul(share, «simd::sub(take(dp + i, part), mean)»)',
    wrong: 'take(dp + i, part)',
  },
  {
    id: 'softmax-grad-factor',
    fault: 'the gradient lacks the factor',
    file: 'kernels/softmax.inl',
    at: 'const simd::Vec share = «simd::mul(take(p + i, part), factor)»;',
    wrong: 'take(p + i, part)',
  },
  {
    id: 'groups-first-gate',
    fault: 'all groups of a row have the gate of the first',
    file: 'kernels/scale_groups.inl',
    at: 'const simd::Vec w = simd::broadcast(ws[«group»]);\n    eachVector(0, cols, [=](int64_t i, auto part) { put(out',
    wrong: 'group - group % args.w.cols',
  },
  {
    id: 'groups-grad-swapped',
    fault: 'the gradient of what is scaled is that of its gate times x',
    file: 'kernels/scale_groups.inl',
    at: 'put(dx + i, simd::mul(w, «take(dy + i, part)»), part)',
    wrong: 'take(x + i, part)',
  },
  {
    id: 'sigmoid-scale-slope',
    fault: 'the slope of the sigmoid lacks a factor',
    file: 'kernels/sigmoid_scale.inl',
    at: 'slope = «simd::mul(s, sigmoid.rest[0])»;',
    wrong: 's',
  },
  {
    id: 'sigmoid-scale-grad',
    fault: 'the gradient of x is not scaled',
    file: 'kernels/sigmoid_scale.inl',
    at: 'put(dx + i, simd::mul(«s», take(dy + i, part)), part)',
    wrong: 'simd::broadcast(1.0f)',
  },
];
