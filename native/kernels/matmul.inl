#pragma once

#include "gemm.inl"

namespace flashlm {
namespace {

inline void matmul(Context& ctx, const MatmulArgs& args) noexcept {
  const Panels right = newPanels(ctx, args.b.rows, args.b.cols);
  if (!right.data) return;
  packRows(ctx, right, args.b.data);
  multiplyRows(ctx, args.out, args.a, right);
}

inline void matmulTransB(Context& ctx, const MatmulTransBArgs& args) noexcept {
  const Panels right = newPanels(ctx, args.b.cols, args.b.rows);
  if (!right.data) return;
  packColumns(ctx, right, args.b.data);
  multiplyRows(ctx, args.out, args.a, right);
}

inline void matmulTransA(Context& ctx, const MatmulTransAArgs& args) noexcept {
  accumulateSteps(ctx, args.acc, args.a, [&](const Panels& right, int64_t first) {
    packRows(ctx, right, args.b.data + first * args.b.cols);
  });
}

}  // namespace
}  // namespace flashlm
