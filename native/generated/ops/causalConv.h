// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

struct CausalConvArgs {
  Matrix<float> out;  // out [M x D]
  Matrix<float> state;  // inout [S*P x D]
  Matrix<const float> x;  // in [M x D]
  Matrix<const float> w;  // in [P+1 x D]
  Matrix<const float> bias;  // in [1 x D], data == nullptr when absent
  Matrix<const int32_t> starts;  // in [M x 1], data == nullptr when absent
  int64_t seqLen;
};

}  // namespace flashlm
