#ifndef __AVXVNNI__
#error "avx2_vnni.cpp needs -mavxvnni"
#endif
#ifdef __AVX512F__
#error "avx2_vnni.cpp must not be compiled with AVX-512 flags"
#endif

#include "../../simd/avx2.h"

#include "dot.inl"

extern "C" {
extern const flashlm::KernelTable kernel_table_avx2_vnni;
constexpr flashlm::KernelTable kernel_table_avx2_vnni = flashlm::dotKernels();
}
