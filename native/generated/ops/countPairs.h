// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

struct CountPairsArgs {
  Matrix<int32_t> outOffsets;  // out [V+1 x 1]
  Matrix<int32_t> outTargets;  // out [N x 1]
  Matrix<int32_t> outCounts;  // out [N x 1]
  Matrix<const int32_t> ids;  // in [N x 1]
  Matrix<const int32_t> targets;  // in [N x 1]
  int64_t vocab;
};

}  // namespace flashlm
