#if !defined(__AVX512F__) || !defined(__AVX512BW__) || !defined(__AVX512DQ__) || !defined(__AVX512VL__)
#error "avx512.cpp needs -mavx512f -mavx512bw -mavx512dq -mavx512vl"
#endif
#ifdef __AVX512VNNI__
#error "avx512.cpp is compiled with flags of VNNI"
#endif

#include "../simd/avx512.h"

#include "kernels.inl"

extern "C" {
extern const flashlm::KernelTable kernel_table_avx512;
constexpr flashlm::KernelTable kernel_table_avx512 = flashlm::kernelTable("avx512");
}
