// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

enum class QuantizeRowsRule : int { ternary, ternary_mse, int8 };
struct QuantizeRowsArgs {
  Matrix<int8_t> outCodes;  // out [M x K]
  Matrix<float> outScale;  // out [M x 1]
  Matrix<const float> x;  // in [M x K]
  QuantizeRowsRule rule;
};

}  // namespace flashlm
