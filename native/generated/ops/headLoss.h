// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

struct HeadLossArgs {
  Matrix<float> outNats;  // out [M x 1]
  Matrix<float> outDh;  // out [M x D], data == nullptr when absent
  Matrix<float> accTable;  // acc [V x D], data == nullptr when absent
  Matrix<float> accBias;  // acc [1 x V], data == nullptr when absent
  Matrix<const float> h;  // in [M x D]
  Matrix<const float> table;  // in [V x D]
  Matrix<const float> bias;  // in [1 x V], data == nullptr when absent
  Matrix<const int32_t> targets_offsets;  // in [M+1 x 1]
  Matrix<const int32_t> targets_ids;  // in [Z x 1]
  Matrix<const float> targets_weights;  // in [Z x 1]
  double scale;
  Precision precision;
  double cap;
  double zLoss;
};

}  // namespace flashlm
