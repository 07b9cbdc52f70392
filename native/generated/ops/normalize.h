// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

struct NormalizeArgs {
  Matrix<float> out;  // out [M x G*E]
  Matrix<float> outMean;  // out [M x G]
  Matrix<float> outRstd;  // out [M x G]
  Matrix<const float> x;  // in [M x G*E]
  Matrix<const float> gain;  // in [1 x G*E], data == nullptr when absent
  Matrix<const float> bias;  // in [1 x G*E], data == nullptr when absent
  double eps;
};

}  // namespace flashlm
