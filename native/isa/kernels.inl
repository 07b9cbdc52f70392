// Every kernel, written once against the wrapper that the including file has chosen.
#include "../generated/ops.h"
#include "../src/parallel.h"

#include "../kernels/activation.inl"
#include "../kernels/adamw.inl"
#include "../kernels/add.inl"
#include "../kernels/bias.inl"
#include "../kernels/causal_conv.inl"
#include "../kernels/columns.inl"
#include "../kernels/count_pairs.inl"
#include "../kernels/delay.inl"
#include "../kernels/dropout.inl"
#include "../kernels/gate.inl"
#include "../kernels/gather_rows.inl"
#include "../kernels/gemm.inl"
#include "../kernels/head_loss.inl"
#include "../kernels/limits.inl"
#include "../kernels/lion.inl"
#include "../kernels/matmul.inl"
#include "../kernels/multiply.inl"
#include "../kernels/quantize_rows.inl"
#include "../kernels/quantize_weight.inl"
#include "../kernels/rms_norm.inl"
#include "../kernels/running_mean.inl"
#include "../kernels/scale.inl"
#include "../kernels/scale_add.inl"
#include "../kernels/scan.inl"
#include "../kernels/scatter_add_rows.inl"
#include "../kernels/sgd_momentum.inl"
#include "../kernels/softmax_cross_entropy.inl"
#include "../kernels/sum_squares.inl"
#include "../kernels/ternary_gradients.inl"
#include "../kernels/ternary_matmul.inl"
#include "../kernels/ternary_pack.inl"
#include "../kernels/token_shift.inl"

namespace flashlm {
namespace {

/** All kernels of this file. A constant: nothing compiled for an instruction set runs before the CPU has been
 * asked. */
constexpr KernelTable kernelTable(const char* name) {
  KernelTable table = {};
  table.name = name;
#include "../generated/table.inl"
  return table;
}

}  // namespace
}  // namespace flashlm
