// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

#include <stdint.h>

#include "../src/context.h"
#include "../src/limits.h"
#include "work_shares.h"

// What kernels are called with. Each kernels/*.inl opens `namespace flashlm { namespace {` itself and defines functions of
// exactly the names in KernelTable; internal linkage keeps code for one instruction set out of the others.
namespace flashlm {

/** Row-major and contiguous: `rows * cols` values. */
template <class T>
struct Matrix {
  T* data;
  int64_t rows, cols;
};

enum class Fn : int { silu, sigmoid, tanh, relu, relu2, gelu, gelu_tanh, softplus };
enum class Precision : int { f32, bf16, int8 };
enum class Layout : int { half, interleaved };

}  // namespace flashlm

#include "op_structs.inl"

namespace flashlm {

/**
 * One plain C pointer per op; an extension has those that it replaces, and null. A kernel reads and writes only inside
 * its matrices and never throws.
 */
struct KernelTable {
  const char* name;
  LimitTable limits;
  int64_t productTileRows, productTileCols;  // of the float products' output tile; 0 in an extension
  int64_t (*packedTernaryBytes)(int64_t rows, int64_t cols);
#define OP(name, Name, Result) Result (*name)(Context&, const Name##Args&) noexcept;
#include "op_list.inl"
#undef OP
};

}  // namespace flashlm
