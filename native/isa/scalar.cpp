#if defined(__AVX__) || defined(__SSE4_1__) || defined(__ARM_FEATURE_DOTPROD)
#error "scalar.cpp is compiled with flags of a wider instruction set"
#endif

#include "../simd/scalar.h"

#include "kernels.inl"

extern "C" {
extern const flashlm::KernelTable kernel_table_scalar;
constexpr flashlm::KernelTable kernel_table_scalar = flashlm::kernelTable("scalar");
}
