// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

struct AddBiasArgs {
  Matrix<float> out;  // out [M x D]
  Matrix<const float> x;  // in [M x D]
  Matrix<const float> bias;  // in [1 x D]
};

}  // namespace flashlm
