// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

struct AttentionGradArgs {
  Matrix<float> outDqk;  // out [M x K*E]
  Matrix<float> outDx;  // part [M x W*E]
  Matrix<float> outDgain;  // out [M x H], data == nullptr when absent
  Matrix<const float> dy;  // in [M x H*E]
  Matrix<const float> qk;  // in [M x K*E]
  Matrix<const float> x;  // in [M x W*E]
  Matrix<const float> y;  // in [M x H*E]
  Matrix<const float> lse;  // in [M x H]
  Matrix<const float> gain;  // in [1 x H], data == nullptr when absent
  int64_t kvHeads;
  int64_t group;
  int64_t window;
  double cap;
  double rate;
  int64_t seed;
  int64_t step;
  int64_t stream;
  Matrix<const int32_t> sequence;  // in [S x 1]
  Matrix<const int32_t> starts;  // in [M x 1], data == nullptr when absent
  int64_t seqLen;
};

}  // namespace flashlm
