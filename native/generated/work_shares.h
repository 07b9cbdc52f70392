// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

#include <stdint.h>

// What they mean: src/core/kernels.ts (ROW_CHUNK) and src/backends/native/work-shares.ts.
namespace flashlm {

constexpr int64_t ROW_CHUNK = 256;
constexpr int64_t THREAD_ELEMENTS = 16384;
constexpr int64_t PACK_SHARE = 65536;
constexpr int64_t PRODUCT_SHARE = 1048576;
constexpr int64_t PART_ROWS = 32;
constexpr int64_t SCATTER_COLS = 16;
constexpr int64_t PACKING_THREADS = 8;
constexpr int64_t HEAD_ROWS = 32;
constexpr int64_t HEAD_VALUES = 16777216;

}  // namespace flashlm
