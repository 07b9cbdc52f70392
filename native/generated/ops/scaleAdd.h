// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

struct ScaleAddArgs {
  Matrix<float> out;  // out [M x D]
  Matrix<const float> a;  // in [M x D], data == nullptr when absent
  Matrix<const float> b;  // in [M x D]
  Matrix<const float> weight;  // in [1 x 1]
};

}  // namespace flashlm
