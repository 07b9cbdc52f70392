// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

struct SoftmaxGradArgs {
  Matrix<float> outDx;  // out [M x D]
  Matrix<const float> dp;  // in [M x D]
  Matrix<const float> p;  // in [M x D]
  double factor;
};

}  // namespace flashlm
