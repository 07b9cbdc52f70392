#ifndef __ARM_NEON
#error "neon.cpp is for arm64"
#endif
#ifdef __ARM_FEATURE_DOTPROD
#error "neon.cpp is compiled with flags of dotprod"
#endif

#include "../simd/neon.h"

#include "kernels.inl"

extern "C" {
extern const flashlm::KernelTable kernel_table_neon;
constexpr flashlm::KernelTable kernel_table_neon = flashlm::kernelTable("neon");
}
