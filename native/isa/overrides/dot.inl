// The kernels that an instruction for four int8 products per lane replaces; each extension that has one
// includes this file.

#include "../../generated/ops.h"
#include "../../src/parallel.h"

#include "../../kernels/limits.inl"
#include "../../kernels/ternary_gradients.inl"
#include "../../kernels/ternary_matmul.inl"

namespace flashlm {
namespace {

/** The integer products. They read the same packed weights as without the extension. */
constexpr KernelTable dotKernels() {
  KernelTable table = {};
  table.limits.dot = dotLimit;
  table.limits.popcount = popcountLimit;
  table.ternaryMatmul = ternaryMatmul;
  table.ternaryMatmulGradX = ternaryMatmulGradX;
  table.ternaryMatmulGradW = ternaryMatmulGradW;
  return table;
}

}  // namespace
}  // namespace flashlm
