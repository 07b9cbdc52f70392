// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

struct ScaleGroupsGradArgs {
  Matrix<float> outDx;  // out [M x G*E]
  Matrix<float> outDw;  // out [M x G]
  Matrix<const float> dy;  // in [M x G*E]
  Matrix<const float> x;  // in [M x G*E]
  Matrix<const float> w;  // in [M x G]
};

}  // namespace flashlm
