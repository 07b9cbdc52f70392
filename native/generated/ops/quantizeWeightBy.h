// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

struct QuantizeWeightByArgs {
  Matrix<int8_t> outCodes;  // out [N x K]
  Matrix<float> outScale;  // out [G x 1]
  Matrix<const float> w;  // in [N x K]
  Matrix<const float> learned;  // in [G x 1]
};

}  // namespace flashlm
