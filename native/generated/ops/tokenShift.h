// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

struct TokenShiftArgs {
  Matrix<float> out;  // out [M x D]
  Matrix<float> state;  // inout [S x D]
  Matrix<const float> x;  // in [M x D]
  Matrix<const float> mix;  // in [1 x D]
  Matrix<const int32_t> starts;  // in [M x 1], data == nullptr when absent
  int64_t seqLen;
};

}  // namespace flashlm
