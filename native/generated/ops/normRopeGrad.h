// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

struct NormRopeGradArgs {
  Matrix<float> outDx;  // part [M x W*E]
  Matrix<float> accGain;  // acc [2 x E], data == nullptr when absent
  Matrix<const float> dqk;  // in [M x K*E]
  Matrix<const float> x;  // in [M x W*E]
  Matrix<const float> rstd;  // in [M x K], data == nullptr when absent
  Matrix<const float> gain;  // in [2 x E], data == nullptr when absent
  Matrix<const float> angles;  // in [C x 2*B]
  int64_t turned;
  Layout layout;
  Matrix<const int32_t> position;  // in [S x 1]
  int64_t kvHeads;
  int64_t group;
  int64_t seqLen;
};

}  // namespace flashlm
