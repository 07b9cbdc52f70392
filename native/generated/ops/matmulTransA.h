// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

struct MatmulTransAArgs {
  Matrix<float> acc;  // acc [K x N]
  Matrix<const float> a;  // in [M x K]
  Matrix<const float> b;  // in [M x N]
  Precision precision;
};

}  // namespace flashlm
