#pragma once

#include "gemm.inl"
#include "int8_operands.inl"
#include "ternary_pack.inl"
#include "ternary_tile.inl"

// The two gradients of ternaryMatmul.
namespace flashlm {
namespace {

template <class Steps>
inline void ternaryMatmulGradXIn(Context& ctx, const TernaryMatmulGradXArgs& args, PackTernaryPrecision precision) {
  const Matrix<const int8_t>& codes = args.w_codes;
  const BackwardPanels packed = {args.w_packed.data, codes.rows, codes.cols};
  Panels right = packed.panels(Steps::VALUES);
  if (!packed.holds(precision)) {
    right = newPanels(ctx, right.steps, right.cols);
    if (!right.data) return;
    packCodes<Steps>(ctx, right, codes.rows, codes.data);
  }
  multiplyRows<Steps>(ctx, args.outDx, args.dy, right, args.w_scale.data);
}

/** dy row by row as int8 codes, then the exact product that forward has too. */
inline void ternaryMatmulGradXInt8(Context& ctx, const TernaryMatmulGradXArgs& args) {
  const Matrix<const int8_t>& codes = args.w_codes;
  const BackwardPanels packed = {args.w_packed.data, codes.rows, codes.cols};
  QuadPanels right = packed.quads();
  const int64_t rowBytes = 4 * right.steps;
  int8_t* room = ctx.scratch.get<int8_t>(static_cast<size_t>(ctx.threads * ROW_BLOCK * rowBytes));
  if (!packed.holds(PackTernaryPrecision::int8)) {
    right.data = ctx.scratch.get<uint8_t>(static_cast<size_t>(right.bytes()));
    if (right.data) packTransposedQuads(ctx, right, codes);
  }
  if (ctx.scratch.failed()) return;
  eachOutputPart(ctx, args.dy.rows, simd::DOT_TILE_ROWS, right.count(), args.dy.cols,
                 [&](int64_t rowBegin, int64_t rowEnd, int64_t panelBegin, int64_t panelEnd, int thread) {
                   int8_t* quantized = room + thread * ROW_BLOCK * rowBytes;
                   for (int64_t block = rowBegin; block < rowEnd; block += ROW_BLOCK) {
                     const int64_t rows = atMost(rowEnd - block, ROW_BLOCK);
                     RowFinish finish[ROW_BLOCK];
                     for (int64_t r = 0; r < rows; r++) {
                       int8_t* row = quantized + r * rowBytes;
                       const float* dy = args.dy.data + (block + r) * args.dy.cols;
                       const float scale = quantizeRow(row, dy, args.dy.cols, rowBytes);
                       finish[r] = {sumOfCodes(row, right.steps), scale * args.w_scale.data[0]};
                     }
                     dotBlock<QuadSteps>(rows, quantized, right, panelBegin, panelEnd, finish,
                                         whole(args.outDx).from(block, 0));
                   }
                 });
}

inline void ternaryMatmulGradX(Context& ctx, const TernaryMatmulGradXArgs& args) noexcept {
  switch (args.precision) {
    case TernaryMatmulGradXPrecision::f32:
      return ternaryMatmulGradXIn<FloatSteps>(ctx, args, PackTernaryPrecision::f32);
    case TernaryMatmulGradXPrecision::bf16:
      return ternaryMatmulGradXIn<Bf16Steps>(ctx, args, PackTernaryPrecision::bf16);
    case TernaryMatmulGradXPrecision::int8:
      return ternaryMatmulGradXInt8(ctx, args);
  }
}

/** In float32 the scales go to the codes, which are packed anyway; dy is then read where it stands. */
inline void ternaryMatmulGradWFloat(Context& ctx, const TernaryMatmulGradWArgs& args) {
  accumulateRows<FloatSteps>(ctx, args.accW, args.dy, [&](const Panels& right, int64_t first, int64_t rows) {
    packScaledCodes(ctx, right, args.x_codes.data + first * args.x_codes.cols, args.x_scale.data + first);
    return ColumnsOperand<FloatSteps>{args.dy.data + first * args.dy.cols, rows, args.dy.cols};
  });
}

inline void ternaryMatmulGradWBf16(Context& ctx, const TernaryMatmulGradWArgs& args) {
  accumulateRows<Bf16Steps>(ctx, args.accW, args.dy, [&](const Panels& right, int64_t first, int64_t rows) {
    packCodes<Bf16Steps>(ctx, right, rows, args.x_codes.data + first * args.x_codes.cols);
    return ColumnsOperand<Bf16Steps>{args.dy.data + first * args.dy.cols, rows, args.dy.cols, args.x_scale.data + first};
  });
}

inline void ternaryMatmulGradWInt8(Context& ctx, const TernaryMatmulGradWArgs& args) {
  accumulateRows<CodeSteps>(ctx, args.accW, args.dy, [&](const Panels& right, int64_t first, int64_t rows) {
    packQuads(ctx, right, rows, args.x_codes.data + first * args.x_codes.cols);
    return QuantizedColumns{args.dy.data + first * args.dy.cols, rows, args.dy.cols, args.x_scale.data + first};
  });
}

inline void ternaryMatmulGradW(Context& ctx, const TernaryMatmulGradWArgs& args) noexcept {
  switch (args.precision) {
    case TernaryMatmulGradWPrecision::f32:
      return ternaryMatmulGradWFloat(ctx, args);
    case TernaryMatmulGradWPrecision::bf16:
      return ternaryMatmulGradWBf16(ctx, args);
    case TernaryMatmulGradWPrecision::int8:
      return ternaryMatmulGradWInt8(ctx, args);
  }
}

}  // namespace
}  // namespace flashlm
