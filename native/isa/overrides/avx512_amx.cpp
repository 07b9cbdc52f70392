// Applied after VNNI, VPOPCNTDQ and BF16: tile registers compute all of their products faster.
#if !defined(__AMX_TILE__) || !defined(__AMX_BF16__) || !defined(__AMX_INT8__)
#error "avx512_amx.cpp needs -mamx-tile -mamx-bf16 -mamx-int8"
#endif
#if !defined(__AVX512BF16__) || !defined(__AVX512VNNI__)
#error "avx512_amx.cpp needs -mavx512bf16 -mavx512vnni"
#endif

#include "../../simd/avx512.h"

#include "bf16.inl"

namespace flashlm {
namespace {

constexpr KernelTable amxKernels() {
  KernelTable table = bf16Kernels();
  table.limits.dot = dotLimit;
  table.packedTernaryBytes = packedTernaryBytes;
  table.ternaryMatmul = ternaryMatmul;
  return table;
}

}  // namespace
}  // namespace flashlm

extern "C" {
extern const flashlm::KernelTable kernel_table_avx512_amx;
constexpr flashlm::KernelTable kernel_table_avx512_amx = flashlm::amxKernels();
}
