// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

struct BlendTernaryArgs {
  Matrix<float> out;  // out [N x K]
  Matrix<const int8_t> w_codes;  // in [N x K]
  Matrix<const float> w_scale;  // in [1 x 1]
  Matrix<const float> w_rowScale;  // in [N x 1], data == nullptr when absent
  Matrix<const uint8_t> w_packed;  // in [1 x packed w.codes]
  Matrix<const float> master;  // in [N x K], data == nullptr when absent
  double share;
};

}  // namespace flashlm
