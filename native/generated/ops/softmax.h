// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

struct SoftmaxArgs {
  Matrix<float> out;  // out [M x D]
  Matrix<const float> x;  // in [M x D]
  double factor;
};

}  // namespace flashlm
