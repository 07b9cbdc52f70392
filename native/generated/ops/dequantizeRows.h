// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

struct DequantizeRowsArgs {
  Matrix<float> out;  // out [M x K]
  Matrix<const int8_t> x_codes;  // in [M x K]
  Matrix<const float> x_scale;  // in [M x 1]
};

}  // namespace flashlm
