// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

struct ScanGradArgs {
  Matrix<float> outDx;  // out [M x 2*D]
  Matrix<const float> dy;  // in [M x D]
  Matrix<const float> x;  // in [M x 2*D]
  Matrix<const float> y;  // in [M x D]
  Matrix<const int32_t> starts;  // in [M x 1], data == nullptr when absent
  int64_t seqLen;
};

}  // namespace flashlm
