// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

struct GateArgs {
  Matrix<float> out;  // out [M x D]
  Matrix<float> outFactors;  // out [M x 2*D], data == nullptr when absent
  Matrix<const float> x;  // in [M x 2*D]
  Fn fn;
};

}  // namespace flashlm
