#if !defined(__AVX512F__) || !defined(__AVX512BW__) || !defined(__AVX512DQ__) || !defined(__AVX512VL__)
#error "avx512.cpp needs -mavx512f -mavx512bw -mavx512dq -mavx512vl"
#endif
#if defined(__AVX512VNNI__) || defined(__AVX512VPOPCNTDQ__)
#error "avx512.cpp is compiled with flags of its extensions"
#endif

#include "../simd/avx512.h"

#include "kernels.inl"

extern "C" {
extern const flashlm::KernelTable kernel_table_avx512;
constexpr flashlm::KernelTable kernel_table_avx512 = flashlm::kernelTable("avx512");
}
