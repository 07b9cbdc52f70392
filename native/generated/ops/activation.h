// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

struct ActivationArgs {
  Matrix<float> out;  // out [M x D]
  Matrix<float> outSlope;  // out [M x D], data == nullptr when absent
  Matrix<const float> x;  // in [M x D]
  Fn fn;
};

}  // namespace flashlm
