#ifndef __AVX512VNNI__
#error "avx512_vnni.cpp needs -mavx512vnni"
#endif

#include "../../simd/avx512.h"

#include "../../generated/ops.h"
#include "../../src/parallel.h"

#include "../../kernels/limits.inl"
#include "../../kernels/ternary_matmul.inl"

namespace flashlm {
namespace {

/** AVX-512 with VNNI: four int8 products a lane in one instruction, from the same packed weights. */
constexpr KernelTable replacements() {
  KernelTable table = {};
  table.limits.dot = dotLimit;
  table.ternaryMatmul = ternaryMatmul;
  return table;
}

}  // namespace
}  // namespace flashlm

extern "C" {
extern const flashlm::KernelTable kernel_table_avx512_vnni;
constexpr flashlm::KernelTable kernel_table_avx512_vnni = flashlm::replacements();
}
