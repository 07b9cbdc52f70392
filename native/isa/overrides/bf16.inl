// The kernels that bf16 product instructions replace; each extension that has them includes this file.

#include "../../generated/ops.h"
#include "../../src/parallel.h"

#include "../../kernels/head_loss.inl"
#include "../../kernels/limits.inl"
#include "../../kernels/matmul.inl"
#include "../../kernels/ternary_gradients.inl"
#include "../../kernels/ternary_matmul.inl"
#include "../../kernels/ternary_pack.inl"

namespace flashlm {
namespace {

/** Every float product, and the packing of weights, because packed bf16 weights have two values per element.
 */
constexpr KernelTable bf16Kernels() {
  KernelTable table = {};
  table.limits.bf16 = bf16Limit;
  table.packTernary = packTernary;
  table.ternaryMatmulFloat = ternaryMatmulFloat;
  table.ternaryMatmulGradX = ternaryMatmulGradX;
  table.ternaryMatmulGradW = ternaryMatmulGradW;
  table.matmul = matmul;
  table.matmulTransA = matmulTransA;
  table.matmulTransB = matmulTransB;
  table.headLoss = headLoss;
  return table;
}

}  // namespace
}  // namespace flashlm
