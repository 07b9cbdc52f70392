// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

enum class QuantizeWeightRowsRule : int { absmean, absmedian };
struct QuantizeWeightRowsArgs {
  Matrix<int8_t> outCodes;  // out [N x K]
  Matrix<float> outRowScale;  // out [N x 1]
  Matrix<const float> w;  // in [N x K]
  QuantizeWeightRowsRule rule;
};

}  // namespace flashlm
