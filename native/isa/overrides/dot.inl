// What an instruction for four int8 products a lane replaces: included by the file of each extension that has
// one.

#include "../../generated/ops.h"
#include "../../src/parallel.h"

#include "../../kernels/limits.inl"
#include "../../kernels/ternary_gradients.inl"
#include "../../kernels/ternary_matmul.inl"

namespace flashlm {
namespace {

/** The products of codes, from the same packed weights as without the extension. */
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
