// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

struct NormRopeArgs {
  Matrix<float> out;  // out [M x K*E]
  Matrix<float> outRstd;  // out [M x K], data == nullptr when absent
  Matrix<const float> x;  // in [M x W*E]
  Matrix<const float> gain;  // in [2 x E], data == nullptr when absent
  Matrix<const float> angles;  // in [C x 2*B]
  int64_t turned;
  Layout layout;
  Matrix<const int32_t> position;  // in [S x 1]
  int64_t kvHeads;
  int64_t group;
  double eps;
  int64_t seqLen;
};

}  // namespace flashlm
