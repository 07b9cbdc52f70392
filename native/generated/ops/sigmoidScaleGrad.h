// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

struct SigmoidScaleGradArgs {
  Matrix<float> outDx;  // out [M x D]
  Matrix<float> accLogit;  // acc [1 x 1]
  Matrix<const float> dy;  // in [M x D]
  Matrix<const float> x;  // in [M x D]
  Matrix<const float> logit;  // in [1 x 1]
};

}  // namespace flashlm
