// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

struct MatmulTransBArgs {
  Matrix<float> out;  // out [M x N]
  Matrix<const float> a;  // in [M x K]
  Matrix<const float> b;  // in [N x K]
  Precision precision;
};

}  // namespace flashlm
