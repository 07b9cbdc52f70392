// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

struct LearnedScaleGradArgs {
  Matrix<float> accW;  // acc [N x K]
  Matrix<float> accScale;  // acc [G x 1]
  Matrix<const float> dw;  // in [N x K]
  Matrix<const float> w;  // in [N x K]
  Matrix<const float> scale;  // in [G x 1]
};

}  // namespace flashlm
