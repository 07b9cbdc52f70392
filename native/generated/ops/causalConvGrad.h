// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

struct CausalConvGradArgs {
  Matrix<float> outDx;  // out [M x D]
  Matrix<float> accW;  // acc [P+1 x D]
  Matrix<float> accBias;  // acc [1 x D], data == nullptr when absent
  Matrix<const float> dy;  // in [M x D]
  Matrix<const float> x;  // in [M x D]
  Matrix<const float> w;  // in [P+1 x D]
  Matrix<const int32_t> starts;  // in [M x 1], data == nullptr when absent
  int64_t seqLen;
};

}  // namespace flashlm
