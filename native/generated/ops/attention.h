// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

struct AttentionArgs {
  Matrix<float> out;  // out [M x H*E]
  Matrix<float> outLse;  // out [M x H]
  Matrix<float> keys;  // inout [S*G*E x P]
  Matrix<float> values;  // inout [S*P x G*E]
  Matrix<const float> qk;  // in [M x K*E]
  Matrix<const float> x;  // in [M x W*E]
  Matrix<const float> gain;  // in [1 x H], data == nullptr when absent
  Matrix<const int32_t> position;  // in [S x 1]
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
