// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

struct SgdMomentumArgs {
  Matrix<float> p;  // inout [M x D]
  Matrix<float> v;  // inout [M x D]
  Matrix<const float> g;  // in [M x D]
  double lr;
  double momentum;
  double decay;
};

}  // namespace flashlm
