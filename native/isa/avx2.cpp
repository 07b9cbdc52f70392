#if !defined(__AVX2__) || !defined(__FMA__) || !defined(__F16C__)
#error "avx2.cpp needs -mavx2 -mfma -mf16c"
#endif
#ifdef __AVX512F__
#error "avx2.cpp must not be compiled with AVX-512 flags"
#endif
#ifdef __AVXVNNI__
#error "avx2.cpp must not be compiled with VNNI flags"
#endif

#include "../simd/avx2.h"

#include "kernels.inl"

extern "C" {
extern const flashlm::KernelTable kernel_table_avx2;
constexpr flashlm::KernelTable kernel_table_avx2 = flashlm::kernelTable("avx2");
}
