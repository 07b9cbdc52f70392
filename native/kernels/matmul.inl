#pragma once

#include "gemm.inl"
#include "rows_in_place.inl"

namespace flashlm {
namespace {

inline void matmul(Context& ctx, const MatmulArgs& args) noexcept {
  withFloatSteps(args.precision, [&](auto steps) {
    using Steps = decltype(steps);
    multiplyFilled<Steps>(ctx, whole(args.out), args.a.rows, rowsOf<Steps>(args.a),
                          rowsFill<Steps>(args.b.rows, args.b.data, args.b.cols));
  });
}

inline void matmulTransB(Context& ctx, const MatmulTransBArgs& args) noexcept {
  withFloatSteps(args.precision, [&](auto steps) {
    using Steps = decltype(steps);
    if constexpr (Steps::IN_PLACE) {
      if (args.a.rows <= Steps::ROWS) return multiplyInPlace(ctx, args.out, args.a, args.b);
    }
    multiplyFilled<Steps>(ctx, whole(args.out), args.a.rows, rowsOf<Steps>(args.a),
                          columnsFill<Steps>(args.b.cols, args.b.data));
  });
}

inline void matmulTransA(Context& ctx, const MatmulTransAArgs& args) noexcept {
  withFloatSteps(args.precision, [&](auto steps) {
    using Steps = decltype(steps);
    accumulateRows<Steps>(ctx, args.acc, args.a.rows, [&](const PackedRows<Steps>& to, int64_t first) {
      packColumnGroups(ctx, to.left, args.a.data + first * args.a.cols, nullptr);
      const float* b = args.b.data + first * args.b.cols;
      fillPanels(ctx, to.right, rowsFill<Steps>(to.left.values, b, args.b.cols));
    });
  });
}

}  // namespace
}  // namespace flashlm
