// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

struct TernaryMatmulGradXArgs {
  Matrix<float> outDx;  // out [M x K]
  Matrix<const float> dy;  // in [M x N]
  Matrix<const int8_t> w_codes;  // in [N x K]
  Matrix<const float> w_scale;  // in [1 x 1]
  Matrix<const float> w_rowScale;  // in [N x 1], data == nullptr when absent
  Matrix<const uint8_t> w_packed;  // in [1 x packed w.codes]
  Precision precision;
};

}  // namespace flashlm
