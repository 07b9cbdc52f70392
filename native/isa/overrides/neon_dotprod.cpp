#ifndef __ARM_FEATURE_DOTPROD
#error "neon_dotprod.cpp needs -march=armv8.2-a+dotprod"
#endif

#include "../../simd/neon.h"

#include "dot.inl"

extern "C" {
extern const flashlm::KernelTable kernel_table_neon_dotprod;
constexpr flashlm::KernelTable kernel_table_neon_dotprod = flashlm::dotKernels();
}
