// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

struct PasteColumnsArgs {
  Matrix<float> y;  // part [M x A+D+R]
  Matrix<const float> x;  // in [M x D]
  int64_t at;
};

}  // namespace flashlm
