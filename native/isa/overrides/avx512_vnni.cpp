#ifndef __AVX512VNNI__
#error "avx512_vnni.cpp needs -mavx512vnni"
#endif

#include "../../simd/avx512.h"

#include "../../generated/ops.h"
#include "../../src/parallel.h"

#include "../../kernels/limits.inl"
#include "../../kernels/ternary_matmul.inl"

/** AVX-512 with VNNI: four int8 products a lane in one instruction, from the same packed weights. */
extern "C" void kernel_table_avx512_vnni(flashlm::KernelTable* table) {
  table->limits.dot = flashlm::dotLimit;
  table->ternaryMatmul = flashlm::ternaryMatmul;
}
