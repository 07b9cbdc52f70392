// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

struct AddBiasGradArgs {
  Matrix<float> accBias;  // acc [1 x D]
  Matrix<const float> dy;  // in [M x D]
};

}  // namespace flashlm
