// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

struct DelayGradArgs {
  Matrix<float> outDx;  // out [M x D]
  Matrix<const float> dy;  // in [M x D]
  int64_t by;
  Matrix<const int32_t> starts;  // in [M x 1], data == nullptr when absent
  int64_t seqLen;
};

}  // namespace flashlm
