// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

struct SoftCapArgs {
  Matrix<float> z;  // inout [M x V]
  double cap;
};

}  // namespace flashlm
