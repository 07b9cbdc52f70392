#if defined(__AVX__) || defined(__SSE4_1__) || defined(__ARM_FEATURE_DOTPROD)
#error "scalar.cpp is compiled with flags of a wider instruction set"
#endif

#include "../simd/scalar.h"

#include "kernels.inl"

extern "C" void kernel_table_scalar(flashlm::KernelTable* table) {
  using namespace flashlm;
  table->name = "scalar";
#include "../generated/table.inl"
}
