#pragma once

#include "gemm.inl"

namespace flashlm {
namespace {

inline void matmul(Context& ctx, const MatmulArgs& args) noexcept {
  withFloatSteps(args.precision, [&](auto steps) {
    using Steps = decltype(steps);
    const Panels right = newPanels(ctx, stepsOf<Steps>(args.b.rows), args.b.cols);
    if (!right.data) return;
    packRows<Steps>(ctx, right, args.b.rows, args.b.data);
    multiplyRows<Steps>(ctx, args.out, args.a, right);
  });
}

inline void matmulTransB(Context& ctx, const MatmulTransBArgs& args) noexcept {
  withFloatSteps(args.precision, [&](auto steps) {
    using Steps = decltype(steps);
    const Panels right = newPanels(ctx, stepsOf<Steps>(args.b.cols), args.b.rows);
    if (!right.data) return;
    packColumns<Steps>(ctx, right, args.b.cols, args.b.data);
    multiplyRows<Steps>(ctx, args.out, args.a, right);
  });
}

inline void matmulTransA(Context& ctx, const MatmulTransAArgs& args) noexcept {
  withFloatSteps(args.precision, [&](auto steps) {
    using Steps = decltype(steps);
    accumulateRows<Steps>(ctx, args.acc, args.a.rows, [&](const PackedRows<Steps>& to, int64_t first) {
      packColumnGroups(ctx, to.left, args.a.data + first * args.a.cols, nullptr);
      packRows<Steps>(ctx, to.right, to.left.values, args.b.data + first * args.b.cols);
    });
  });
}

}  // namespace
}  // namespace flashlm
