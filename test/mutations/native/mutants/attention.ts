import type { NativeMutant } from '../mutant.ts';

const attention = (id: string, fault: string, at: string, wrong: string): NativeMutant => ({
  id: `attention-${id}`,
  fault,
  file: 'kernels/attention.inl',
  at,
  wrong,
});
const turn = (id: string, fault: string, at: string, wrong: string): NativeMutant => ({
  id: `rope-${id}`,
  fault,
  file: 'kernels/norm_rope.inl',
  at,
  wrong,
});

export const ATTENTION_MUTANTS: readonly NativeMutant[] = [
  attention(
    'window-edge',
    'a window is one row too wide',
    'const int64_t reach = «last(i) - window + 1»;',
    'last(i) - window',
  ),
  attention(
    'sees-ahead',
    'the first row of a block sees the one after it',
    'int64_t commonEnd() const { return «last(0) + 1»; }',
    'last(rows > 1 ? 1 : 0) + 1',
  ),
  attention(
    'own-key',
    'a row does not see itself, unless all rows of its block see it',
    'edge(i, after, «last(i) + 1»);',
    'last(i)',
  ),
  attention(
    'dropout-of-layer',
    'all layers drop the same weights',
    'static_cast<uint32_t>(args.step), «static_cast<uint32_t>(args.stream)»,',
    '0u',
  ),
  attention(
    'unscaled',
    'scores are not divided by the root of the head',
    'return (gain ? gain[head] : 1.0f) / «sqrtf(static_cast<float>(E))»;',
    '1.0f',
  ),
  attention(
    'gain-of-first',
    "every head takes the first head's gain",
    '(gain ? «gain[head]» : 1.0f)',
    'gain[0]',
  ),
  attention(
    'documents-joined',
    'a document sees the one before it',
    'return «start > 0» ? QueryBlock{',
    'false',
  ),
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
  attention(
    'value-of-key',
    'values are taken from the columns of keys',
    'return x.from(row, (heads() + «G + g») * E);',
    'g',
  ),
  attention(
    'lse-without-max',
    'the maximum is missing in the logarithm of the sum',
    'static_cast<float>(«max + log(sum)»);',
    'log(sum)',
  ),
  attention(
    'mean-missing',
    "the softmax's mean is not taken off the gradient of its scores",
    'simd::sub(take(ds + at, part), «pull»)',
    'simd::zero()',
  ),
  attention('cap-slope', "the soft-cap's slope is missing", 'const bool isCapped = «call.cap > 0»;', 'false'),
  attention(
    'dropped-before-mean',
    'dropout is left out of the gradient of weights',
    '«if (call.rate > 0) call.drop(ds + low, s, block.first + i, head, row0 + low, count - low);»',
    '',
  ),
  attention(
    'dropout-of-sequence',
    'all sequences of a step drop the same weights',
    'static_cast<uint64_t>(«sequence[s]»)',
    '0',
  ),
  attention(
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
