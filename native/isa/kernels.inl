// Every kernel, compiled against the SIMD wrapper that the including file has chosen.
#include "../generated/ops.h"
#include "../src/parallel.h"

#include "../generated/kernels.inl"
#include "../kernels/limits.inl"

namespace flashlm {
namespace {

/** All kernels of this file. constexpr, so that no code compiled for an instruction set runs before the CPU
 * is checked. */
constexpr KernelTable kernelTable(const char* name) {
  KernelTable table = {};
  table.name = name;
  table.limits = limitTable();
  table.productTileRows = simd::TILE_ROWS;
  table.productTileCols = TILE_COLS;
  table.packedTernaryBytes = packedTernaryBytes;
#define OP(op, Op, Result) table.op = op;
#include "../generated/op_list.inl"
#undef OP
  return table;
}

}  // namespace
}  // namespace flashlm
