// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

struct GateGradArgs {
  Matrix<float> outDx;  // out [M x 2*D]
  Matrix<const float> dy;  // in [M x D]
  Matrix<const float> factors;  // in [M x 2*D]
};

}  // namespace flashlm
