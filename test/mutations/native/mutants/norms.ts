import type { NativeMutant } from '../mutant.ts';

const FILE = 'kernels/normalize.inl';

/** Layer and group norm. */
export const NORM_MUTANTS: readonly NativeMutant[] = [
  {
    id: 'norm-tail-counts',
    fault: 'lanes past the end of a row count as values of 0',
    file: FILE,
    at: 'return simd::sub(take(x, part), «take(mean.lanes, part)»);',
    wrong: 'simd::load(mean.lanes)',
  },
  {
    id: 'norm-large-sum',
    fault: 'rows whose sum overflows float32 are taken for infinite',
    file: FILE,
    at: '«if (__builtin_isinf(sum)) sum = largeSum(group, 0, false);»',
    wrong: '',
  },
  {
    id: 'norm-large-squares',
    fault: 'rows whose squares overflow float32 are taken for infinite',
    file: FILE,
    at: '«if (__builtin_isinf(squares)) squares = largeSum(group, mean, true);»',
    wrong: '',
  },
  {
    id: 'norm-eps-missing',
    fault: 'eps is left out',
    file: FILE,
    at: '__builtin_sqrt(«squares / group.count() + eps»)',
    wrong: 'squares / group.count()',
  },
  {
    id: 'norm-mean-kept',
    fault: 'the mean is not subtracted',
    file: FILE,
    at: 'simd::mul(«simd::sub(take(x + i, part), mean)», r)',
    wrong: 'take(x + i, part)',
  },
  {
    id: 'norm-first-group',
    fault: 'all groups have the mean of the first',
    file: FILE,
    at: 'simd::broadcast(means[«g»])',
    wrong: 'int64_t{0}',
  },
  {
    id: 'norm-bias-before-gain',
    fault: 'the bias is multiplied by the gain',
    file: FILE,
    at: '«if (gain) v = simd::mul(v, take(gain + i, part));\n      if (bias) v = simd::add(v, take(bias + i, part));»',
    wrong:
      'if (bias) v = simd::add(v, take(bias + i, part)); if (gain) v = simd::mul(v, take(gain + i, part));',
  },
  {
    id: 'norm-grad-mean',
    fault: 'the term with mean(u) is missing',
    file: FILE,
    at: 'simd::fnma(n, pull, «simd::sub(u, mean)»)',
    wrong: 'u',
  },
  {
    id: 'norm-grad-pull',
    fault: 'the term with mean(u * n) is missing',
    file: FILE,
    at: 'pull = «simd::broadcast(pulls.normed)»;',
    wrong: 'simd::zero()',
  },
  {
    id: 'norm-grad-gain-twice',
    fault: "the gain's gradient is multiplied by the gain",
    file: FILE,
    at: 'simd::fma(«g», n, take(gainSums + i, part))',
    wrong: 'u',
  },
  {
    id: 'norm-grad-bias-place',
    fault: "the bias's sums begin where the gain's do, although both are wanted",
    file: FILE,
    at: 'const int64_t biasAt = «accGain ? D : 0»;',
    wrong: 'int64_t{0}',
    corrupts: true,
  },
  {
    id: 'norm-time-crosses',
    fault: 'a group over time goes on into the next document',
    file: FILE,
    at: 'while (next < seqLen && «!documentBegins(starts, sequence + next, next)») next++;',
    wrong: 'true',
  },
  {
    id: 'norm-time-one-row',
    fault: 'a mean over time is divided by the columns alone',
    file: FILE,
    at: 'double count() const { return «static_cast<double>(rows) * static_cast<double>(cols)»; }',
    wrong: 'static_cast<double>(cols)',
  },
];
