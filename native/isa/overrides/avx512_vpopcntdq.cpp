// Applied after VNNI, which multiplies the rows of x that are not ternary.
#if !defined(__AVX512VPOPCNTDQ__) || !defined(__AVX512VNNI__)
#error "avx512_vpopcntdq.cpp needs -mavx512vpopcntdq -mavx512vnni"
#endif

#include "../../simd/avx512.h"

#include "dot.inl"

extern "C" {
extern const flashlm::KernelTable kernel_table_avx512_vpopcntdq;
constexpr flashlm::KernelTable kernel_table_avx512_vpopcntdq = flashlm::dotKernels();
}
