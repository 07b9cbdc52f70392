// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

struct MatmulArgs {
  Matrix<float> out;  // out [M x N]
  Matrix<const float> a;  // in [M x K]
  Matrix<const float> b;  // in [K x N]
  Precision precision;
};

}  // namespace flashlm
