#ifndef __AVX512VNNI__
#error "avx512_vnni.cpp needs -mavx512vnni"
#endif
#ifdef __AVX512VPOPCNTDQ__
#error "avx512_vnni.cpp is compiled with flags of VPOPCNTDQ"
#endif

#include "../../simd/avx512.h"

#include "dot.inl"

extern "C" {
extern const flashlm::KernelTable kernel_table_avx512_vnni;
constexpr flashlm::KernelTable kernel_table_avx512_vnni = flashlm::dotKernels();
}
