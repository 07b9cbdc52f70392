// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

struct ScaleGroupsArgs {
  Matrix<float> out;  // out [M x G*E]
  Matrix<const float> x;  // in [M x G*E]
  Matrix<const float> w;  // in [M x G]
};

}  // namespace flashlm
