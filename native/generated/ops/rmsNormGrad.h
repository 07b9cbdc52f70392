// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

struct RmsNormGradArgs {
  Matrix<float> outDx;  // out [M x D]
  Matrix<float> accGain;  // acc [1 x D], data == nullptr when absent
  Matrix<const float> dy;  // in [M x D]
  Matrix<const float> x;  // in [M x D]
  Matrix<const float> gain;  // in [1 x D], data == nullptr when absent
  Matrix<const float> rstd;  // in [M x 1]
};

}  // namespace flashlm
