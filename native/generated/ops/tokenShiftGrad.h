// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

struct TokenShiftGradArgs {
  Matrix<float> outDx;  // out [M x D]
  Matrix<float> accMix;  // acc [1 x D]
  Matrix<const float> dy;  // in [M x D]
  Matrix<const float> x;  // in [M x D]
  Matrix<const float> mix;  // in [1 x D]
  Matrix<const int32_t> starts;  // in [M x 1], data == nullptr when absent
  int64_t seqLen;
};

}  // namespace flashlm
