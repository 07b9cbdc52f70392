// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

struct TernaryMatmulGradWArgs {
  Matrix<float> accW;  // acc [N x K]
  Matrix<const float> dy;  // in [M x N]
  Matrix<const int8_t> x_codes;  // in [M x K]
  Matrix<const float> x_scale;  // in [M x 1]
  Precision precision;
};

}  // namespace flashlm
