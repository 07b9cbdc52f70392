// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

struct GlaGradArgs {
  Matrix<float> outDx;  // out [M x 2*G*K+G*R*V+G*R*B+G*R*E]
  Matrix<float> accBonus;  // acc [1 x G*R*K], data == nullptr when absent
  Matrix<const float> dy;  // in [M x G*R*V]
  Matrix<const float> x;  // in [M x 2*G*K+G*R*V+G*R*B+G*R*E]
  Matrix<const float> bonus;  // in [1 x G*R*K], data == nullptr when absent
  double fade;
  double scale;
  int64_t keyHeads;
  int64_t group;
  int64_t keys;
  int64_t decays;
  Matrix<const int32_t> starts;  // in [M x 1], data == nullptr when absent
  int64_t seqLen;
};

}  // namespace flashlm
