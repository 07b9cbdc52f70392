#ifndef __AVXVNNI__
#error "avx2_vnni.cpp needs -mavxvnni"
#endif
#ifdef __AVX512F__
#error "avx2_vnni.cpp is compiled with flags of AVX-512"
#endif

#include "../../simd/avx2.h"

#include "dot.inl"

extern "C" {
extern const flashlm::KernelTable kernel_table_avx2_vnni;
constexpr flashlm::KernelTable kernel_table_avx2_vnni = flashlm::dotKernels();
}
