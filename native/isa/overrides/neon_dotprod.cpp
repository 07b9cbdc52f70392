#ifndef __ARM_FEATURE_DOTPROD
#error "neon_dotprod.cpp needs -march=armv8.2-a+dotprod"
#endif

#include "../../simd/neon.h"

#include "../../generated/ops.h"
#include "../../src/parallel.h"

#include "../../kernels/limits.inl"
#include "../../kernels/ternary_matmul.inl"

/** NEON with dotprod: four int8 products a lane in one instruction, from the same packed weights. */
extern "C" void kernel_table_neon_dotprod(flashlm::KernelTable* table) {
  table->limits.dot = flashlm::dotLimit;
  table->ternaryMatmul = flashlm::ternaryMatmul;
}
