#if !defined(__ARM_FEATURE_BF16_VECTOR_ARITHMETIC) || !defined(__ARM_FEATURE_DOTPROD)
#error "neon_bf16.cpp needs -march=armv8.2-a+dotprod+bf16"
#endif

#include "../../simd/neon.h"

#include "bf16.inl"

extern "C" {
extern const flashlm::KernelTable kernel_table_neon_bf16;
constexpr flashlm::KernelTable kernel_table_neon_bf16 = flashlm::bf16Kernels();
}
