// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

struct LogDecayArgs {
  Matrix<float> out;  // out [M x P*D]
  Matrix<const float> x;  // in [M x D]
  Matrix<const float> logits;  // in [L x D], data == nullptr when absent
  Matrix<const float> bias;  // in [1 x D], data == nullptr when absent
  double floor;
  double temperature;
  int64_t layer;
  int64_t layers;
};

}  // namespace flashlm
