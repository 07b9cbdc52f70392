// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

struct ScatterAddRowsArgs {
  Matrix<float> accTable;  // acc [V x D]
  Matrix<const float> dy;  // in [M x D]
  Matrix<const int32_t> ids;  // in [M x 1]
};

}  // namespace flashlm
