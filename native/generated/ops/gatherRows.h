// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

struct GatherRowsArgs {
  Matrix<float> out;  // out [M x D]
  Matrix<const float> table;  // in [V x D]
  Matrix<const int32_t> ids;  // in [M x 1]
};

}  // namespace flashlm
