// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

enum class QuantizeWeightRule : int { absmean, absmedian };
struct QuantizeWeightArgs {
  Matrix<int8_t> outCodes;  // out [N x K]
  Matrix<float> outScale;  // out [1 x 1]
  Matrix<const float> w;  // in [N x K]
  QuantizeWeightRule rule;
};

}  // namespace flashlm
