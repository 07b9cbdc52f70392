// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

struct SliceColumnsArgs {
  Matrix<float> out;  // out [M x D]
  Matrix<const float> x;  // in [M x A+D+R]
  int64_t at;
};

}  // namespace flashlm
