// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

struct LionArgs {
  Matrix<float> p;  // inout [M x D]
  Matrix<float> m;  // inout [M x D]
  Matrix<const float> g;  // in [M x D]
  double lr;
  double beta1;
  double beta2;
  double decay;
};

}  // namespace flashlm
