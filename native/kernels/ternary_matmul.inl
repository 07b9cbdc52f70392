#pragma once

#include "gemm.inl"
#include "output_parts.inl"
#include "ternary_pack.inl"
#include "ternary_popcount.inl"
#include "ternary_tile.inl"

namespace flashlm {
namespace {

/** Rows [begin, end) of the product with the panels [panelBegin, panelEnd); x has 4 * w.steps codes a row. */
inline void ternaryBlock(const TernaryMatmulArgs& args, const int8_t* x, const QuadPanels& w, const BitRoute& bits,
                         int64_t begin, int64_t end, int64_t panelBegin, int64_t panelEnd, int thread) {
  const Output all = {args.out.data, args.out.cols, args.out.cols};
  const int64_t rowBytes = 4 * w.steps;
  for (int64_t block = begin; block < end; block += ROW_BLOCK) {
    const int64_t rows = atMost(end - block, ROW_BLOCK);
    const int8_t* codes = x + block * rowBytes;
    const Output out = all.from(block, 0);
    RowFinish finish[ROW_BLOCK];
    for (int64_t r = 0; r < rows; r++) {
      finish[r] = {0, args.x_scale.data[block + r] * args.w_scale.data[0]};
    }
    if (bits.multiply(rows, codes, rowBytes, panelBegin, panelEnd, thread, finish, out)) continue;
    for (int64_t r = 0; r < rows; r++) finish[r].sumOfCodes = sumOfCodes(codes + r * rowBytes, w.steps);
    dotBlock<QuadSteps>(rows, codes, w, panelBegin, panelEnd, finish, out);
  }
}

/** The codes with rows filled up with 0 to whole quads. Null: no memory could be had. */
inline const int8_t* padToQuads(Context& ctx, const Matrix<const int8_t>& codes, int64_t rowBytes) {
  int8_t* padded = ctx.scratch.get<int8_t>(static_cast<size_t>(codes.rows * rowBytes));
  if (!padded) return nullptr;
  parallelRows(ctx.threads, codes.rows, 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t r = begin; r < end; r++) {
      int8_t* row = padded + r * rowBytes;
      memcpy(row, codes.data + r * codes.cols, static_cast<size_t>(codes.cols));
      memset(row + codes.cols, 0, static_cast<size_t>(rowBytes - codes.cols));
    }
  });
  return padded;
}

inline void ternaryMatmul(Context& ctx, const TernaryMatmulArgs& args) noexcept {
  const QuadPanels w = quadPanels(args.w_packed.data, args.out.cols, args.x_codes.cols);
  const bool whole = args.x_codes.cols == 4 * w.steps;
  const int8_t* x = whole ? args.x_codes.data : padToQuads(ctx, args.x_codes, 4 * w.steps);
  const BitRoute bits(ctx, args);
  if (!x || bits.failed()) return;
  eachOutputPart(ctx, args.x_codes.rows, simd::DOT_TILE_ROWS, w.count(), args.x_codes.cols,
                 [&](int64_t rowBegin, int64_t rowEnd, int64_t panelBegin, int64_t panelEnd, int thread) {
                   ternaryBlock(args, x, w, bits, rowBegin, rowEnd, panelBegin, panelEnd, thread);
                 });
}

inline void ternaryMatmulFloat(Context& ctx, const TernaryMatmulFloatArgs& args) noexcept {
  withFloatSteps(args.precision, [&](auto steps) {
    using Steps = decltype(steps);
    const Panels right = newPanels(ctx, stepsOf<Steps>(args.x.cols), args.out.cols);
    if (!right.data) return;
    unpackTernary<Steps>(ctx, right, args.x.cols, args.w_packed.data);
    multiplyRows<Steps>(ctx, args.out, args.x, right, args.w_scale.data);
  });
}

}  // namespace
}  // namespace flashlm
