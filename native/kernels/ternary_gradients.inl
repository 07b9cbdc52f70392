#pragma once

#include "gemm.inl"
#include "int8_operands.inl"
#include "ternary_pack.inl"
#include "ternary_tile.inl"

// The two gradients of ternaryMatmul.
namespace flashlm {
namespace {

template <class Steps, class Operand>
inline void ternaryMatmulGradXOf(Context& ctx, const TernaryMatmulGradXArgs& args, const Operand& dy) {
  const Matrix<const int8_t>& codes = args.w_codes;
  const BackwardPanels packed = {args.w_packed.data, codes.rows, codes.cols};
  const float* scale = args.w_scale.data;
  const Output out = whole(args.outDx);
  if (packed.holds(args.precision)) {
    return multiplyRows<Steps>(ctx, out, args.dy.rows, dy, packed.panels<Steps>(), scale);
  }
  multiplyFilled<Steps>(ctx, out, args.dy.rows, dy, codesFill<Steps>(codes.rows, codes.data, codes.cols),
                        scale);
}

inline void ternaryMatmulGradXFloat(Context& ctx, const TernaryMatmulGradXArgs& args) {
  withFloatSteps(args.precision, [&](auto steps) {
    using Steps = decltype(steps);
    const float* scales = args.w_rowScale.data;
    if (!scales) return ternaryMatmulGradXOf<Steps>(ctx, args, rowsOf<Steps>(args.dy));
    const ScaledRowsOperand<Steps> dy = {args.dy.data, args.dy.cols, scales};
    ternaryMatmulGradXOf<Steps>(ctx, args, dy);
  });
}

/** Quantises dy to int8 per row; the product is then exact, as in forward. */
inline void ternaryMatmulGradXInt8(Context& ctx, const TernaryMatmulGradXArgs& args) {
  const Matrix<const int8_t>& codes = args.w_codes;
  const BackwardPanels packed = {args.w_packed.data, codes.rows, codes.cols};
  QuadPanels right = packed.quads();
  const int64_t rowBytes = 4 * right.steps;
  int8_t* room = ctx.scratch.get<int8_t>(static_cast<size_t>(ctx.threads * ROW_BLOCK * rowBytes));
  const int64_t N = args.dy.cols;
  const float* scales = args.w_rowScale.data;
  float* scaledRows = scales ? ctx.scratch.get<float>(static_cast<size_t>(ctx.threads * N)) : nullptr;
  if (!packed.holds(Precision::int8)) {
    right.data = ctx.scratch.get<uint8_t>(static_cast<size_t>(right.bytes()));
    if (right.data) packTransposedQuads(ctx, right, codes);
  }
  if (ctx.scratch.failed()) return;
  eachOutputPart(ctx, args.dy.rows, QuadSteps::ROWS, right.count(), args.dy.cols,
                 [&](int64_t rowBegin, int64_t rowEnd, int64_t panelBegin, int64_t panelEnd, int thread) {
                   [[maybe_unused]] QuadSteps::Unit::Registers registers;
                   int8_t* quantized = room + thread * ROW_BLOCK * rowBytes;
                   for (int64_t block = rowBegin; block < rowEnd; block += ROW_BLOCK) {
                     const int64_t rows = atMost(rowEnd - block, ROW_BLOCK);
                     RowFinish finish[ROW_BLOCK];
                     for (int64_t r = 0; r < rows; r++) {
                       int8_t* row = quantized + r * rowBytes;
                       const float* dy = args.dy.data + (block + r) * N;
                       if (scales) dy = multiplied(scaledRows + thread * N, dy, scales, N);
                       const float scale = quantizeRow(row, dy, N, rowBytes);
                       finish[r] = {sumOfCodes(row, right.steps), scale * args.w_scale.data[0]};
                     }
                     dotBlock<QuadSteps>(rows, quantized, right, panelBegin, panelEnd, finish,
                                         whole(args.outDx).from(block, 0));
                   }
                 });
}

inline void ternaryMatmulGradX(Context& ctx, const TernaryMatmulGradXArgs& args) noexcept {
  if (args.precision == Precision::int8) return ternaryMatmulGradXInt8(ctx, args);
  ternaryMatmulGradXFloat(ctx, args);
}

inline void ternaryMatmulGradWFloat(Context& ctx, const TernaryMatmulGradWArgs& args) {
  withFloatSteps(args.precision, [&](auto steps) {
    using Steps = decltype(steps);
    accumulateRows<Steps>(ctx, args.accW, args.dy.rows, [&](const PackedRows<Steps>& to, int64_t first) {
      packColumnGroups(ctx, to.left, args.dy.data + first * args.dy.cols, args.x_scale.data + first);
      const int8_t* codes = args.x_codes.data + first * args.x_codes.cols;
      fillPanels(ctx, to.right, codesFill<Steps>(to.left.values, codes, args.x_codes.cols));
    });
  });
}

inline void ternaryMatmulGradWInt8(Context& ctx, const TernaryMatmulGradWArgs& args) {
  accumulateRows<CodeSteps>(
      ctx, args.accW, args.dy.rows, [&](const PackedRows<CodeSteps>& to, int64_t first) {
        packQuantizedColumns(ctx, to.left, args.dy.data + first * args.dy.cols, args.x_scale.data + first);
        packQuads(ctx, to.right, to.left.values, args.x_codes.data + first * args.x_codes.cols);
      });
}

inline void ternaryMatmulGradW(Context& ctx, const TernaryMatmulGradWArgs& args) noexcept {
  if (args.precision == Precision::int8) return ternaryMatmulGradWInt8(ctx, args);
  ternaryMatmulGradWFloat(ctx, args);
}

}  // namespace
}  // namespace flashlm
