// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

struct DropoutArgs {
  Matrix<float> out;  // out [M x D]
  Matrix<const float> x;  // in [M x D]
  double rate;
  int64_t seed;
  int64_t step;
  int64_t stream;
  int64_t firstRow;
};

}  // namespace flashlm
