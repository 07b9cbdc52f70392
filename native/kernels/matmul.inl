#pragma once

#include "gemm.inl"

namespace flashlm {
namespace {

template <class Steps>
inline void matmulIn(Context& ctx, const MatmulArgs& args) {
  const Panels right = newPanels(ctx, stepsOf<Steps>(args.b.rows), args.b.cols);
  if (!right.data) return;
  packRows<Steps>(ctx, right, args.b.rows, args.b.data);
  multiplyRows<Steps>(ctx, args.out, args.a, right);
}

inline void matmul(Context& ctx, const MatmulArgs& args) noexcept {
  args.precision == MatmulPrecision::bf16 ? matmulIn<Bf16Steps>(ctx, args) : matmulIn<FloatSteps>(ctx, args);
}

template <class Steps>
inline void matmulTransBIn(Context& ctx, const MatmulTransBArgs& args) {
  const Panels right = newPanels(ctx, stepsOf<Steps>(args.b.cols), args.b.rows);
  if (!right.data) return;
  packColumns<Steps>(ctx, right, args.b.cols, args.b.data);
  multiplyRows<Steps>(ctx, args.out, args.a, right);
}

inline void matmulTransB(Context& ctx, const MatmulTransBArgs& args) noexcept {
  args.precision == MatmulTransBPrecision::bf16 ? matmulTransBIn<Bf16Steps>(ctx, args)
                                                : matmulTransBIn<FloatSteps>(ctx, args);
}

template <class Steps>
inline void matmulTransAIn(Context& ctx, const MatmulTransAArgs& args) {
  const auto columns = newPackedColumns<Steps>(ctx, atMost(args.a.rows, packedRows(ctx)), args.a.cols);
  accumulateRows(ctx, args.acc, args.a.rows, columns, [&](const auto& left, const Panels& right, int64_t first) {
    packColumnGroups(ctx, left, args.a.data + first * args.a.cols, nullptr);
    packRows<Steps>(ctx, right, left.values, args.b.data + first * args.b.cols);
  });
}

inline void matmulTransA(Context& ctx, const MatmulTransAArgs& args) noexcept {
  args.precision == MatmulTransAPrecision::bf16 ? matmulTransAIn<Bf16Steps>(ctx, args)
                                                : matmulTransAIn<FloatSteps>(ctx, args);
}

}  // namespace
}  // namespace flashlm
