#if !defined(__AVX512BF16__) || !defined(__AVX512VNNI__)
#error "avx512_bf16.cpp needs -mavx512bf16 -mavx512vnni"
#endif

#include "../../simd/avx512.h"

#include "bf16.inl"

extern "C" {
extern const flashlm::KernelTable kernel_table_avx512_bf16;
constexpr flashlm::KernelTable kernel_table_avx512_bf16 = flashlm::bf16Kernels();
}
