#ifndef __ARM_FEATURE_DOTPROD
#error "neon_dotprod.cpp needs -march=armv8.2-a+dotprod"
#endif

#include "../../simd/neon.h"

#include "../../generated/ops.h"
#include "../../src/parallel.h"

#include "../../kernels/limits.inl"
#include "../../kernels/ternary_matmul.inl"

namespace flashlm {
namespace {

/** NEON with dotprod: four int8 products a lane in one instruction, from the same packed weights. */
constexpr KernelTable replacements() {
  KernelTable table = {};
  table.limits.dot = dotLimit;
  table.ternaryMatmul = ternaryMatmul;
  return table;
}

}  // namespace
}  // namespace flashlm

extern "C" {
extern const flashlm::KernelTable kernel_table_neon_dotprod;
constexpr flashlm::KernelTable kernel_table_neon_dotprod = flashlm::replacements();
}
