// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

struct StepDecayGradArgs {
  Matrix<float> outDx;  // out [M x D]
  Matrix<float> accRate;  // acc [1 x D]
  Matrix<float> accBias;  // acc [1 x D]
  Matrix<const float> dy;  // in [M x P*D]
  Matrix<const float> x;  // in [M x D]
  Matrix<const float> rate;  // in [1 x D]
  Matrix<const float> bias;  // in [1 x D]
};

}  // namespace flashlm
