import type { NativeMutant } from '../mutant.ts';

const attention = (
  id: string,
  fault: string,
  at: string,
  wrong: string,
  file = 'attention',
): NativeMutant => ({
  id: `attention-${id}`,
  fault,
  file: `kernels/${file}.inl`,
  at,
  wrong,
});
const call = (id: string, fault: string, at: string, wrong: string) =>
  attention(id, fault, at, wrong, 'attention_call');
const backward = (id: string, fault: string, at: string, wrong: string) =>
  attention(id, fault, at, wrong, 'attention_grad');
const turn = (id: string, fault: string, at: string, wrong: string): NativeMutant => ({
  id: `rope-${id}`,
  fault,
  file: 'kernels/norm_rope.inl',
  at,
  wrong,
});

export const ATTENTION_MUTANTS: readonly NativeMutant[] = [
  call(
    'window-edge',
    'a window is one row too wide',
    'const int64_t reach = «last(i) - window + 1»;',
    'last(i) - window',
  ),
  call(
    'sees-ahead',
    'queries see the row after them',
    'const int64_t after = «last(0) + 1 - key»;',
    'last(rows > 1 ? 1 : 0) + 1 - key',
  ),
  attention(
    'own-key',
    'a row does not see itself',
    'block.lowest(i) - origin, «block.last(i) + 1 - origin»};',
    'block.last(i) - origin',
  ),
  attention(
    'one-sum',
    'the values of all keys are one sum',
    'const bool isOne = «block.lowest(0) / STRETCH == last / STRETCH»;',
    'true',
  ),
  attention(
    'stretch-lost',
    'the last values of a row are lost',
    'if (isOne || (k < next && «k <= last»)) continue;',
    'true',
  ),
  attention(
    'stretch-of-call',
    'sums of values begin where the rows of a call do',
    'const int64_t next = «(k / STRETCH + 1) * STRETCH»,',
    'key + ((k - key) / STRETCH + 1) * STRETCH',
  ),
  attention(
    'product-lost',
    'a product takes the place of those that it is added to',
    'put(to, «ONTO == Onto::add» ?',
    'false',
    'strided_product',
  ),
  call(
    'dropout-of-layer',
    'all layers drop the same weights',
    'static_cast<uint32_t>(args.step), «static_cast<uint32_t>(args.stream)»,',
    '0u',
  ),
  call(
    'unscaled',
    'scores are not divided by the root of the head',
    'return (gain ? gain[head] : 1.0f) / «sqrtf(static_cast<float>(E))»;',
    '1.0f',
  ),
  call('gain-of-first', "every head takes the first head's gain", '(gain ? «gain[head]» : 1.0f)', 'gain[0]'),
  call('documents-joined', 'a document sees the one before it', 'return «start > 0» ? QueryBlock{', 'false'),
  attention(
    'ring-slot',
    'the rows before a call lie one slot further',
    'const int64_t slot = («before + row») % ring.P;',
    'before + row + 1',
  ),
  attention(
    'key-not-kept',
    'the last row of a call is not kept',
    'for (int64_t t = call.T > P ? call.T - P : 0; «t < call.T»; t++) {',
    't + 1 < call.T',
  ),
  call(
    'value-of-key',
    'values are taken from the columns of keys',
    'return x.from(row, (heads() + «G + g») * E);',
    'g',
  ),
  attention(
    'lse-without-max',
    'the maximum is missing in the logarithm of the sum',
    'lses[(first + i) * H + head] = static_cast<float>(«max[i] + log(sum[i])»);',
    'log(sum[i])',
  ),
  backward(
    'mean-missing',
    "the softmax's mean is not taken off the gradient of its scores",
    'simd::sub(simd::load(d + at), «simd::broadcast(row.mean)»)',
    'simd::zero()',
  ),
  backward(
    'cap-slope',
    "the soft-cap's slope is missing",
    'if («row.scores.cap > 0») ds = simd::mul(ds, slope[j]);',
    'false',
  ),
  backward(
    'dropped-before-mean',
    'dropout is left out of the gradient of weights',
    '«if (call.rate > 0) call.drop(d + begin, s, block.first + i, head, row + begin, end - begin);»',
    '',
  ),
  call(
    'dropout-of-sequence',
    'all sequences of a step drop the same weights',
    'static_cast<uint64_t>(«sequence[s]»)',
    '0',
  ),
  backward(
    'keys-by-one-head',
    'the gradient of shared keys is that of the last query head',
    'for (int64_t r = «0»; r < call.R; r++) {\n        for (int64_t t = 0; t < T;) {',
    'call.R - 1',
  ),
  turn(
    'sign',
    'the gradient is turned forward',
    'heads.turn(dx, dqks + row * qkCols + h * E, cos, «-1»);',
    '1',
  ),
  turn(
    'position',
    'rows after a prompt are turned as if the text began with them',
    'int64_t at = «position[row / seqLen] + row % seqLen»;',
    'row % seqLen',
  ),
  turn(
    'gain-of-queries',
    'keys take the gain of queries',
    'const float* ofHead = gain ? gain + («h < heads.queries ? 0 : E») : nullptr;',
    '0',
  ),
  turn(
    'norm-eps',
    'eps is left out of the norm of heads',
    '__builtin_sqrt(«rowSquares(x, E) / E + eps»)',
    'rowSquares(x, E) / E',
  ),
];
