// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

struct SoftmaxCrossEntropyArgs {
  Matrix<float> outNats;  // out [M x 1]
  Matrix<float> outDz;  // out [M x V], data == nullptr when absent
  Matrix<const float> z;  // in [M x V]
  Matrix<const int32_t> targets_offsets;  // in [M+1 x 1]
  Matrix<const int32_t> targets_ids;  // in [Z x 1]
  Matrix<const float> targets_weights;  // in [Z x 1]
  double scale;
  double cap;
  double zLoss;
};

}  // namespace flashlm
