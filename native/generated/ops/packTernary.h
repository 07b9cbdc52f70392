// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

namespace flashlm {

struct PackTernaryArgs {
  Matrix<uint8_t> outPacked;  // out [1 x packed codes]
  Matrix<const int8_t> codes;  // in [N x K]
  Precision precision;
};

}  // namespace flashlm
