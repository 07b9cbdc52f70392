// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

struct ScaleAddGradArgs {
  Matrix<float> accWeight;  // acc [1 x 1]
  Matrix<const float> dy;  // in [M x D]
  Matrix<const float> b;  // in [M x D]
};

}  // namespace flashlm
