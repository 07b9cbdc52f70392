// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

struct RmsNormArgs {
  Matrix<float> out;  // out [M x D]
  Matrix<float> outRstd;  // out [M x 1]
  Matrix<const float> x;  // in [M x D]
  Matrix<const float> gain;  // in [1 x D], data == nullptr when absent
  double eps;
};

}  // namespace flashlm
