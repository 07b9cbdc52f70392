// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

struct ScaleArgs {
  Matrix<float> x;  // inout [M x D]
  double factor;
};

}  // namespace flashlm
