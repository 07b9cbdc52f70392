// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

struct AddArgs {
  Matrix<float> out;  // out [M x D]
  Matrix<const float> a;  // in [M x D]
  Matrix<const float> b;  // in [M x D]
};

}  // namespace flashlm
