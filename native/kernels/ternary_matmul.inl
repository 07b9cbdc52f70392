#pragma once

#include "gemm.inl"
#include "output_parts.inl"
#include "ternary_pack.inl"
#include "ternary_popcount.inl"
#include "ternary_tile.inl"
#include "two_bit_rows.inl"

namespace flashlm {
namespace {

/**
 * Up to so many rows weights of two bits are no slower wherever they lie, and the faster the farther away
 * that is. More rows than a tile read what lies in the nearest cache again, and would take it apart again.
 */
constexpr int64_t TWO_BIT_ROWS = QuadSteps::ROWS;

/** The codes of x in rows padded to whole steps, `rowBytes` each. */
class CodeRows {
 public:
  CodeRows(Context& ctx, const Matrix<const int8_t>& codes, int64_t rowBytes)
      : codes_(codes), rowBytes_(rowBytes), inPlace_(codes.cols == rowBytes) {
    if (!inPlace_ || codes.rows % QuadUnit::DEPTH)
      room_ = ctx.scratch.get<int8_t>(static_cast<size_t>(ctx.threads * ROW_BLOCK * rowBytes));
  }

  /** At most ROW_BLOCK rows, in place or copied: tile registers always read DEPTH rows. */
  const int8_t* block(int64_t row, int64_t rows, int thread) const {
    const int8_t* from = codes_.data + row * codes_.cols;
    if (inPlace_ && rows % QuadUnit::DEPTH == 0) return from;
    int8_t* to = room_ + thread * ROW_BLOCK * rowBytes_;
    for (int64_t r = 0; r < rows; r++) {
      memcpy(to + r * rowBytes_, from + r * codes_.cols, static_cast<size_t>(codes_.cols));
      memset(to + r * rowBytes_ + codes_.cols, 0, static_cast<size_t>(rowBytes_ - codes_.cols));
    }
    return to;
  }

 private:
  Matrix<const int8_t> codes_;
  int64_t rowBytes_;
  bool inPlace_;
  int8_t* room_ = nullptr;
};

/** Rows [begin, end) of the product with the panels [panelBegin, panelEnd). */
template <class Steps>
inline void ternaryBlock(const TernaryMatmulArgs& args, const CodeRows& x, const QuadPanels& w,
                         const BitRoute& bits, int64_t begin, int64_t end, int64_t panelBegin,
                         int64_t panelEnd, int thread) {
  const Output all = whole(args.out, args.w_rowScale.data);
  const int64_t rowBytes = Steps::ELEMENTS * w.steps;
  for (int64_t block = begin; block < end; block += ROW_BLOCK) {
    const int64_t rows = atMost(end - block, ROW_BLOCK);
    const int8_t* codes = x.block(block, rows, thread);
    const Output out = all.from(block, 0);
    RowFinish finish[ROW_BLOCK];
    for (int64_t r = 0; r < rows; r++) {
      finish[r] = {0, args.x_scale.data[block + r] * args.w_scale.data[0]};
    }
    if (bits.multiply(rows, codes, rowBytes, panelBegin, panelEnd, thread, finish, out)) continue;
    for (int64_t r = 0; r < rows; r++) finish[r].sumOfCodes = sumOfCodes(codes + r * rowBytes, rowBytes / 4);
    dotBlock<Steps>(rows, codes, w, panelBegin, panelEnd, finish, out);
  }
}

template <class Steps>
inline void multiplyTernary(Context& ctx, const TernaryMatmulArgs& args, const QuadPanels& w) {
  const CodeRows x(ctx, args.x_codes, Steps::ELEMENTS * w.steps);
  const BitRoute bits(ctx, args);
  if (ctx.scratch.failed()) return;
  eachOutputPart(ctx, args.x_codes.rows, Steps::ROWS, w.count(), args.x_codes.cols,
                 [&](int64_t rowBegin, int64_t rowEnd, int64_t panelBegin, int64_t panelEnd, int thread) {
                   [[maybe_unused]] typename Steps::Unit::Registers registers;
                   ternaryBlock<Steps>(args, x, w, bits, rowBegin, rowEnd, panelBegin, panelEnd, thread);
                 });
}

inline void ternaryMatmul(Context& ctx, const TernaryMatmulArgs& args) noexcept {
  const int64_t rows = args.out.cols, cols = args.x_codes.cols;
#ifdef SIMD_TWO_BITS
  if (args.x_codes.rows <= TWO_BIT_ROWS)
    return multiplyTernary<TwoBitSteps>(ctx, args, twoBitPanels(args.w_packed.data, rows, cols));
#endif
  multiplyTernary<QuadSteps>(ctx, args, quadPanels(args.w_packed.data, rows, cols));
}

inline void ternaryMatmulFloat(Context& ctx, const TernaryMatmulFloatArgs& args) noexcept {
  withFloatSteps(args.precision, [&](auto steps) {
    using Steps = decltype(steps);
#ifdef SIMD_TWO_BITS
    if constexpr (Steps::IN_PLACE) {
      const QuadPanels w = twoBitPanels(args.w_packed.data, args.out.cols, args.x.cols);
      if (args.x.rows <= Steps::ROWS)
        return multiplyTwoBits(ctx, whole(args.out, args.w_rowScale.data), args.x, w, args.w_scale.data);
    }
#endif
    const auto fill = ternaryFill<Steps>(args.x.cols, args.out.cols, args.w_packed.data);
    multiplyFilled<Steps>(ctx, whole(args.out, args.w_rowScale.data), args.x.rows, rowsOf<Steps>(args.x),
                          fill, args.w_scale.data);
  });
}

}  // namespace
}  // namespace flashlm
