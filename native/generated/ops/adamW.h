// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

struct AdamWArgs {
  Matrix<float> p;  // inout [M x D]
  Matrix<float> m;  // inout [M x D]
  Matrix<float> v;  // inout [M x D]
  Matrix<const float> g;  // in [M x D]
  double lr;
  double beta1;
  double beta2;
  double eps;
  double decay;
  int64_t step;
};

}  // namespace flashlm
