// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

struct NormalizeOverTimeGradArgs {
  Matrix<float> outDx;  // out [M x G*E]
  Matrix<float> accGain;  // acc [1 x G*E], data == nullptr when absent
  Matrix<float> accBias;  // acc [1 x G*E], data == nullptr when absent
  Matrix<const float> dy;  // in [M x G*E]
  Matrix<const float> x;  // in [M x G*E]
  Matrix<const float> gain;  // in [1 x G*E], data == nullptr when absent
  Matrix<const float> mean;  // in [M x G]
  Matrix<const float> rstd;  // in [M x G]
  Matrix<const int32_t> starts;  // in [M x 1], data == nullptr when absent
  int64_t seqLen;
};

}  // namespace flashlm
