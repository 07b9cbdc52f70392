import type { NativeMutant } from '../mutant.ts';

/** Matrix products and what they pack. */
export const PRODUCT_MUTANTS: readonly NativeMutant[] = [
  {
    id: 'tile-overwrites',
    fault: 'a chunk of products replaces the one before it',
    file: 'kernels/gemm.inl',
    at: '«each.into = Into::add;»',
    wrong: '',
  },
  {
    id: 'tile-writes-past',
    fault: 'the last columns of a tile are written past the end of the row',
    file: 'kernels/panels.inl',
    at: 'if (left > 0) «simd::storePartial(row + v * simd::LANES, values, static_cast<int>(left))»;',
    wrong: 'simd::store(row + v * simd::LANES, values)',
    corrupts: true,
  },
  {
    id: 'tile-scale-first',
    fault: 'all rows of a tile have the scale of the first',
    file: 'kernels/gemm.inl',
    at: 'finish.scale[«r * finish.scaleStride»]',
    wrong: '0',
  },
  {
    id: 'rows-uneven',
    fault: 'with more than 8 threads rows are packed at once that are no whole chunks',
    file: 'kernels/gemm.inl',
    at: 'return «4 * ROW_CHUNK * ceilDiv(ctx.threads, PACKING_THREADS)»;',
    wrong: '(ctx.threads > PACKING_THREADS ? 4 * ROW_CHUNK * ctx.threads / PACKING_THREADS : 4 * ROW_CHUNK)',
  },
  {
    id: 'transpose-last-step',
    fault: 'the last steps of a transposed panel lack their whole columns',
    file: 'kernels/panels.inl',
    at: 'for (int64_t c = «s < wholeSteps ? wholeCols : 0»; c < TILE_COLS',
    wrong: 'wholeCols',
  },
  {
    id: 'panel-padding',
    fault: 'columns past the last are packed as ones',
    file: 'kernels/panels.inl',
    at: '«c < cols ? from[c * stride + s] : 0.0f»',
    wrong: 'c < cols ? from[c * stride + s] : 1.0f',
    equivalent: 'their sums are computed and never stored',
  },
  {
    id: 'quad-padding',
    fault: 'bytes past the last code of a row of weights are not cleared',
    file: 'kernels/ternary_pack.inl',
    at: 'return «stored(quad) & 0xffffffffu >> 8 * (4 - count)»;',
    wrong: 'stored(quad)',
    equivalent:
      "they are multiplied by the padding of x, which is 0, and x's own sum of codes is what is taken off",
  },
  {
    id: 'packed-any-precision',
    fault: 'weights packed in one precision are used in another',
    file: 'kernels/ternary_pack.inl',
    at: 'return «found == tagFor(precision) && isAligned()»;',
    wrong: 'found >> 16 == 0x7e57 && isAligned()',
  },
  {
    id: 'packed-unmarked',
    fault: 'weights that are packed again keep the mark of the precision before',
    file: 'kernels/ternary_pack.inl',
    at: '«to.mark(precision);»\n}',
    wrong:
      'if (!to.holds(Precision::f32) && !to.holds(Precision::bf16) && !to.holds(Precision::int8)) to.mark(precision);',
  },
  {
    id: 'codes-padding',
    fault: 'bytes past the last code of a row of x are not cleared',
    file: 'kernels/ternary_matmul.inl',
    at: '«memset(to + r * rowBytes_ + codes_.cols, 0, static_cast<size_t>(rowBytes_ - codes_.cols));»',
    wrong: '',
  },
  {
    id: 'codes-rest',
    fault: 'the last codes of a row are left out of its sum',
    file: 'kernels/ternary_tile.inl',
    at: 'i < 4 * quads; i++) «rest += codes[i];»',
    wrong: '',
  },
  {
    id: 'dot-one-too-many',
    fault: 'narrow sums take one product more than they hold',
    file: 'kernels/ternary_tile.inl',
    at: 'step + atMost(steps - step, «Steps::MAX_STEPS»)',
    wrong: '(Steps::MAX_STEPS < simd::ALL_STEPS ? Steps::MAX_STEPS + 1 : Steps::MAX_STEPS)',
  },
  {
    id: 'dot-sum-one-too-many',
    fault: 'narrow sums of codes take one product more than they hold',
    file: 'kernels/ternary_tile.inl',
    at: 'atMost(quads - quad, «simd::DOT_STEPS»)',
    wrong: '(simd::DOT_STEPS < simd::ALL_STEPS ? simd::DOT_STEPS * simd::LANES * 16 : simd::DOT_STEPS)',
  },
  {
    id: 'grad-x-scale',
    fault: 'the scale of the weights is missing in the input gradient in int8',
    file: 'kernels/ternary_gradients.inl',
    at: '«scale * args.w_scale.data[0]»',
    wrong: 'scale',
  },
  {
    id: 'grad-w-row-scale',
    fault: "the activations' scale is missing in the weight gradient",
    file: 'kernels/left_operands.inl',
    at: 'return «scales ? simd::mul(v, simd::broadcast(scales[first + row])) : v»;',
    wrong: 'v',
  },
  {
    id: 'grid-last-panel',
    fault: 'the last part of the panels is left out where panels are shared out',
    file: 'kernels/output_parts.inl',
    at: 'panels * j / grid.panelParts, «panels * (j + 1) / grid.panelParts»',
    wrong:
      '(grid.panelParts > 1 && j + 1 == grid.panelParts ? panels - 1 : panels * (j + 1) / grid.panelParts)',
  },
];
