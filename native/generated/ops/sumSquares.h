// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

struct SumSquaresArgs {
  Matrix<const float> x;  // in [M x D]
};

}  // namespace flashlm
