#pragma once

#include "gemm.inl"
#include "output_parts.inl"
#include "ternary_pack.inl"

namespace flashlm {
namespace {

/** What turns a row's integer sums into its outputs: (sum - sumOfCodes) * scale. */
struct RowFinish {
  int32_t sumOfCodes;
  float scale;
};

/**
 * One tile of ROWS x TILE_COLS integer dot products over `steps` <= DOT_STEPS quads. `x` is the first row's
 * first quad. Where the instruction set sums in int16 the widened sums go through `carried`: `first` and
 * `last` say where in the tile's run of blocks this one stands. Only the last writes to `out`.
 */
template <int ROWS>
__attribute__((noinline)) void dotTile(const int8_t* x, int64_t rowBytes, const uint8_t* panel, int64_t steps,
                                       simd::IntVec* carried, bool first, bool last, const RowFinish* finish,
                                       Output out) {
  simd::DotSum sum[ROWS][simd::TILE_VECS];
#pragma GCC unroll 8
  for (int r = 0; r < ROWS; r++) {
#pragma GCC unroll 4
    for (int v = 0; v < simd::TILE_VECS; v++) sum[r][v] = simd::dotZero();
  }
  for (int64_t step = 0; step < steps; step++) {
    simd::Quads w[simd::TILE_VECS];
#pragma GCC unroll 4
    for (int v = 0; v < simd::TILE_VECS; v++) w[v] = simd::loadQuads(panel + v * simd::LANES * 4);
#pragma GCC unroll 8
    for (int r = 0; r < ROWS; r++) {
      const simd::Quads quad = simd::broadcastQuad(x + r * rowBytes);
#pragma GCC unroll 4
      for (int v = 0; v < simd::TILE_VECS; v++) sum[r][v] = simd::dot(sum[r][v], w[v], quad);
    }
    x += 4;
    panel += TILE_COLS * 4;
  }
#pragma GCC unroll 8
  for (int r = 0; r < ROWS; r++) {
    const simd::Vec scale = simd::broadcast(finish[r].scale);
#pragma GCC unroll 4
    for (int v = 0; v < simd::TILE_VECS; v++) {
      simd::IntVec& carry = carried[r * simd::TILE_VECS + v];
      const simd::IntVec before = first ? simd::intBroadcast(-finish[r].sumOfCodes) : carry;
      const simd::IntVec total = simd::widenAdd(before, sum[r][v]);
      if (last) {
        storeUpTo(out.data + r * out.stride, v, out.cols, simd::mul(simd::toFloat(total), scale));
      } else {
        carry = total;
      }
    }
  }
}

/** Rows 1 <= rows <= ROWS of one panel, all steps. */
template <int ROWS>
inline void dotRows(int64_t rows, const int8_t* x, int64_t rowBytes, const uint8_t* panel, int64_t quads,
                    const RowFinish* finish, Output out) {
  if constexpr (ROWS > 1) {
    if (rows < ROWS) return dotRows<ROWS - 1>(rows, x, rowBytes, panel, quads, finish, out);
  }
  simd::IntVec carried[ROWS * simd::TILE_VECS];
  int64_t step = 0;
  do {
    const int64_t next = step + atMost(quads - step, simd::DOT_STEPS);
    dotTile<ROWS>(x + 4 * step, rowBytes, panel + step * TILE_COLS * 4, next - step, carried, step == 0,
                  next == quads, finish, out);
    step = next;
  } while (step < quads);
}

/** Sum of `quads` quads of codes. */
inline int32_t sumOfCodes(const int8_t* codes, int64_t quads) {
  simd::IntVec total = simd::intBroadcast(0);
  int64_t quad = 0;
  while (quad + simd::LANES <= quads) {
    simd::DotSum sum = simd::dotZero();
    const int64_t end = quad + atMost(quads - quad, simd::DOT_STEPS);
    for (; quad + simd::LANES <= end; quad += simd::LANES) {
      sum = simd::dot(sum, simd::onesQuads(), simd::loadSignedQuads(codes + 4 * quad));
    }
    total = simd::widenAdd(total, sum);
  }
  int32_t rest = 0;
  for (int64_t i = 4 * quad; i < 4 * quads; i++) rest += codes[i];
  return simd::reduceAdd(total) + rest;
}

/** Rows [begin, end) of the product with the panels [panelBegin, panelEnd); x has 4 * w.quads codes a row. */
inline void ternaryBlock(const TernaryMatmulArgs& args, const int8_t* x, const QuadPanels& w, int64_t begin,
                         int64_t end, int64_t panelBegin, int64_t panelEnd) {
  const Output out = {args.out.data, args.out.cols, args.out.cols};
  const int64_t rowBytes = 4 * w.quads;
  for (int64_t block = begin; block < end; block += ROW_BLOCK) {
    const int64_t rows = atMost(end - block, ROW_BLOCK);
    RowFinish finish[ROW_BLOCK];
    for (int64_t r = 0; r < rows; r++) {
      finish[r] = {sumOfCodes(x + (block + r) * rowBytes, w.quads),
                   args.x_scale.data[block + r] * args.w_scale.data[0]};
    }
    for (int64_t p = panelBegin; p < panelEnd; p++) {
      for (int64_t r = 0; r < rows; r += simd::DOT_TILE_ROWS) {
        dotRows<simd::DOT_TILE_ROWS>(atMost(rows - r, simd::DOT_TILE_ROWS), x + (block + r) * rowBytes,
                                     rowBytes, w.at(p, 0), w.quads, finish + r,
                                     out.from(block + r, p * TILE_COLS));
      }
    }
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
  const QuadPanels w = {args.w_packed.data, ceilDiv(args.x_codes.cols, 4), args.out.cols};
  const bool whole = args.x_codes.cols == 4 * w.quads;
  const int8_t* x = whole ? args.x_codes.data : padToQuads(ctx, args.x_codes, 4 * w.quads);
  if (!x) return;
  eachOutputPart(ctx, args.x_codes.rows, simd::DOT_TILE_ROWS, w.count(), args.x_codes.cols,
                 [&](int64_t rowBegin, int64_t rowEnd, int64_t panelBegin, int64_t panelEnd) {
                   ternaryBlock(args, x, w, rowBegin, rowEnd, panelBegin, panelEnd);
                 });
}

inline void ternaryMatmulFloat(Context& ctx, const TernaryMatmulFloatArgs& args) noexcept {
  const Panels right = newPanels(ctx, args.x.cols, args.out.cols);
  if (!right.data) return;
  unpackTernary(ctx, right, args.w_packed.data, args.w_scale.data[0]);
  multiplyRows(ctx, args.out, args.x, right);
}

inline void ternaryMatmulGradX(Context& ctx, const TernaryMatmulGradXArgs& args) noexcept {
  const Panels right = newPanels(ctx, args.w_codes.rows, args.w_codes.cols);
  if (!right.data) return;
  // The codes' rows are the steps of this product, so a second packed form would save nothing.
  packCodes(ctx, right, args.w_codes.data, args.w_scale.data, 0);
  multiplyRows(ctx, args.outDx, args.dy, right);
}

inline void ternaryMatmulGradW(Context& ctx, const TernaryMatmulGradWArgs& args) noexcept {
  accumulateSteps(ctx, args.accW, args.dy, [&](const Panels& right, int64_t first) {
    packCodes(ctx, right, args.x_codes.data + first * args.x_codes.cols, args.x_scale.data + first, 1);
  });
}

}  // namespace
}  // namespace flashlm
