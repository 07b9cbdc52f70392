// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
#pragma once

#include <stdint.h>

#include "../src/context.h"
#include "../src/limits.h"
#include "work_shares.h"

// What kernels are called with. Each kernels/*.inl opens `namespace flashlm { namespace {` itself and defines functions of
// exactly the names in KernelTable; internal linkage keeps code for one instruction set out of the others.
namespace flashlm {

/** Row-major and contiguous: `rows * cols` values. */
template <class T>
struct Matrix {
  T* data;
  int64_t rows, cols;
};

enum class Fn : int { silu, sigmoid, tanh, relu, relu2, gelu, gelu_tanh, softplus };
enum class Precision : int { f32, bf16, int8 };

struct ActivationArgs {
  Matrix<float> out;  // out [M x D]
  Matrix<float> outSlope;  // out [M x D], data == nullptr when absent
  Matrix<const float> x;  // in [M x D]
  Fn fn;
};

struct AdamWArgs {
  Matrix<float> p;  // inout [M x D]
  Matrix<float> m;  // inout [M x D]
  Matrix<float> v;  // inout [M x D]
  Matrix<const float> g;  // in [M x D]
  double lr;
  double beta1;
  double beta2;
  double eps;
  double decay;
  int64_t step;
};

struct AddArgs {
  Matrix<float> out;  // out [M x D]
  Matrix<const float> a;  // in [M x D]
  Matrix<const float> b;  // in [M x D]
};

struct AddBiasArgs {
  Matrix<float> out;  // out [M x D]
  Matrix<const float> x;  // in [M x D]
  Matrix<const float> bias;  // in [1 x D]
};

struct AddBiasGradArgs {
  Matrix<float> accBias;  // acc [1 x D]
  Matrix<const float> dy;  // in [M x D]
};

struct CausalConvArgs {
  Matrix<float> out;  // out [M x D]
  Matrix<float> state;  // inout [S*P x D]
  Matrix<const float> x;  // in [M x D]
  Matrix<const float> w;  // in [P+1 x D]
  Matrix<const float> bias;  // in [1 x D], data == nullptr when absent
  int64_t seqLen;
};

struct CausalConvGradArgs {
  Matrix<float> outDx;  // out [M x D]
  Matrix<float> accW;  // acc [P+1 x D]
  Matrix<float> accBias;  // acc [1 x D], data == nullptr when absent
  Matrix<const float> dy;  // in [M x D]
  Matrix<const float> x;  // in [M x D]
  Matrix<const float> w;  // in [P+1 x D]
  int64_t seqLen;
};

struct CountPairsArgs {
  Matrix<int32_t> outOffsets;  // out [V+1 x 1]
  Matrix<int32_t> outTargets;  // out [N x 1]
  Matrix<int32_t> outCounts;  // out [N x 1]
  Matrix<const int32_t> ids;  // in [N x 1]
  Matrix<const int32_t> targets;  // in [N x 1]
  int64_t vocab;
};

struct DelayArgs {
  Matrix<float> out;  // out [M x D]
  Matrix<float> state;  // inout [S*P x D]
  Matrix<const float> x;  // in [M x D]
  int64_t seqLen;
};

struct DelayGradArgs {
  Matrix<float> outDx;  // out [M x D]
  Matrix<const float> dy;  // in [M x D]
  int64_t by;
  int64_t seqLen;
};

struct DropoutArgs {
  Matrix<float> out;  // out [M x D]
  Matrix<const float> x;  // in [M x D]
  double rate;
  int64_t seed;
  int64_t step;
  int64_t stream;
  int64_t firstRow;
};

struct GateArgs {
  Matrix<float> out;  // out [M x D]
  Matrix<float> outFactors;  // out [M x 2*D], data == nullptr when absent
  Matrix<const float> x;  // in [M x 2*D]
  Fn fn;
};

struct GateGradArgs {
  Matrix<float> outDx;  // out [M x 2*D]
  Matrix<const float> dy;  // in [M x D]
  Matrix<const float> factors;  // in [M x 2*D]
};

struct GatherRowsArgs {
  Matrix<float> out;  // out [M x D]
  Matrix<const float> table;  // in [V x D]
  Matrix<const int32_t> ids;  // in [M x 1]
};

struct HeadLossArgs {
  Matrix<float> outNats;  // out [M x 1]
  Matrix<float> outDh;  // out [M x D], data == nullptr when absent
  Matrix<float> accTable;  // acc [V x D], data == nullptr when absent
  Matrix<const float> h;  // in [M x D]
  Matrix<const float> table;  // in [V x D]
  Matrix<const int32_t> targets_offsets;  // in [M+1 x 1]
  Matrix<const int32_t> targets_ids;  // in [Z x 1]
  Matrix<const float> targets_weights;  // in [Z x 1]
  double scale;
  Precision precision;
};

struct LionArgs {
  Matrix<float> p;  // inout [M x D]
  Matrix<float> m;  // inout [M x D]
  Matrix<const float> g;  // in [M x D]
  double lr;
  double beta1;
  double beta2;
  double decay;
};

struct MatmulArgs {
  Matrix<float> out;  // out [M x N]
  Matrix<const float> a;  // in [M x K]
  Matrix<const float> b;  // in [K x N]
  Precision precision;
};

struct MatmulTransAArgs {
  Matrix<float> acc;  // acc [K x N]
  Matrix<const float> a;  // in [M x K]
  Matrix<const float> b;  // in [M x N]
  Precision precision;
};

struct MatmulTransBArgs {
  Matrix<float> out;  // out [M x N]
  Matrix<const float> a;  // in [M x K]
  Matrix<const float> b;  // in [N x K]
  Precision precision;
};

struct MultiplyArgs {
  Matrix<float> out;  // out [M x D]
  Matrix<const float> a;  // in [M x D]
  Matrix<const float> b;  // in [M x D]
};

struct PackTernaryArgs {
  Matrix<uint8_t> outPacked;  // out [1 x packed codes]
  Matrix<const int8_t> codes;  // in [N x K]
  Precision precision;
};

struct PasteColumnsArgs {
  Matrix<float> y;  // part [M x A+D+R]
  Matrix<const float> x;  // in [M x D]
  int64_t at;
};

enum class QuantizeRowsRule : int { ternary, ternary_mse, int8 };
struct QuantizeRowsArgs {
  Matrix<int8_t> outCodes;  // out [M x K]
  Matrix<float> outScale;  // out [M x 1]
  Matrix<const float> x;  // in [M x K]
  QuantizeRowsRule rule;
};

enum class QuantizeWeightRule : int { absmean, absmedian };
struct QuantizeWeightArgs {
  Matrix<int8_t> outCodes;  // out [N x K]
  Matrix<float> outScale;  // out [1 x 1]
  Matrix<const float> w;  // in [N x K]
  QuantizeWeightRule rule;
};

struct RmsNormArgs {
  Matrix<float> out;  // out [M x D]
  Matrix<float> outRstd;  // out [M x 1]
  Matrix<const float> x;  // in [M x D]
  Matrix<const float> gain;  // in [1 x D], data == nullptr when absent
  double eps;
};

struct RmsNormGradArgs {
  Matrix<float> outDx;  // out [M x D]
  Matrix<float> accGain;  // acc [1 x D], data == nullptr when absent
  Matrix<const float> dy;  // in [M x D]
  Matrix<const float> x;  // in [M x D]
  Matrix<const float> gain;  // in [1 x D], data == nullptr when absent
  Matrix<const float> rstd;  // in [M x 1]
};

struct RunningMeanArgs {
  Matrix<float> out;  // out [M x D]
  Matrix<float> state;  // inout [S x D+1]
  Matrix<const float> x;  // in [M x D]
  Matrix<const int32_t> starts;  // in [M x 1], data == nullptr when absent
  int64_t seqLen;
};

struct RunningMeanGradArgs {
  Matrix<float> outDx;  // out [M x D]
  Matrix<const float> dy;  // in [M x D]
  Matrix<const int32_t> starts;  // in [M x 1], data == nullptr when absent
  int64_t seqLen;
};

struct ScaleArgs {
  Matrix<float> x;  // inout [M x D]
  double factor;
};

struct ScaleAddArgs {
  Matrix<float> out;  // out [M x D]
  Matrix<const float> a;  // in [M x D], data == nullptr when absent
  Matrix<const float> b;  // in [M x D]
  Matrix<const float> weight;  // in [1 x 1]
};

struct ScaleAddGradArgs {
  Matrix<float> accWeight;  // acc [1 x 1]
  Matrix<const float> dy;  // in [M x D]
  Matrix<const float> b;  // in [M x D]
};

struct ScanArgs {
  Matrix<float> out;  // out [M x D]
  Matrix<float> state;  // inout [S x D]
  Matrix<const float> x;  // in [M x 2*D]
  Matrix<const int32_t> starts;  // in [M x 1], data == nullptr when absent
  int64_t seqLen;
};

struct ScanGradArgs {
  Matrix<float> outDx;  // out [M x 2*D]
  Matrix<const float> dy;  // in [M x D]
  Matrix<const float> x;  // in [M x 2*D]
  Matrix<const float> y;  // in [M x D]
  Matrix<const int32_t> starts;  // in [M x 1], data == nullptr when absent
  int64_t seqLen;
};

struct ScatterAddRowsArgs {
  Matrix<float> accTable;  // acc [V x D]
  Matrix<const float> dy;  // in [M x D]
  Matrix<const int32_t> ids;  // in [M x 1]
};

struct SgdMomentumArgs {
  Matrix<float> p;  // inout [M x D]
  Matrix<float> v;  // inout [M x D]
  Matrix<const float> g;  // in [M x D]
  double lr;
  double momentum;
  double decay;
};

struct SliceColumnsArgs {
  Matrix<float> out;  // out [M x D]
  Matrix<const float> x;  // in [M x A+D+R]
  int64_t at;
};

struct SoftmaxCrossEntropyArgs {
  Matrix<float> outNats;  // out [M x 1]
  Matrix<float> outDz;  // out [M x V], data == nullptr when absent
  Matrix<const float> z;  // in [M x V]
  Matrix<const int32_t> targets_offsets;  // in [M+1 x 1]
  Matrix<const int32_t> targets_ids;  // in [Z x 1]
  Matrix<const float> targets_weights;  // in [Z x 1]
  double scale;
};

struct SumSquaresArgs {
  Matrix<const float> x;  // in [M x D]
};

struct TernaryMatmulArgs {
  Matrix<float> out;  // out [M x N]
  Matrix<const int8_t> x_codes;  // in [M x K]
  Matrix<const float> x_scale;  // in [M x 1]
  Matrix<const int8_t> w_codes;  // in [N x K]
  Matrix<const float> w_scale;  // in [1 x 1]
  Matrix<const uint8_t> w_packed;  // in [1 x packed w.codes]
};

struct TernaryMatmulFloatArgs {
  Matrix<float> out;  // out [M x N]
  Matrix<const float> x;  // in [M x K]
  Matrix<const int8_t> w_codes;  // in [N x K]
  Matrix<const float> w_scale;  // in [1 x 1]
  Matrix<const uint8_t> w_packed;  // in [1 x packed w.codes]
  Precision precision;
};

struct TernaryMatmulGradWArgs {
  Matrix<float> accW;  // acc [N x K]
  Matrix<const float> dy;  // in [M x N]
  Matrix<const int8_t> x_codes;  // in [M x K]
  Matrix<const float> x_scale;  // in [M x 1]
  Precision precision;
};

struct TernaryMatmulGradXArgs {
  Matrix<float> outDx;  // out [M x K]
  Matrix<const float> dy;  // in [M x N]
  Matrix<const int8_t> w_codes;  // in [N x K]
  Matrix<const float> w_scale;  // in [1 x 1]
  Matrix<const uint8_t> w_packed;  // in [1 x packed w.codes]
  Precision precision;
};

struct TokenShiftArgs {
  Matrix<float> out;  // out [M x D]
  Matrix<float> state;  // inout [S x D]
  Matrix<const float> x;  // in [M x D]
  Matrix<const float> mix;  // in [1 x D]
  int64_t seqLen;
};

struct TokenShiftGradArgs {
  Matrix<float> outDx;  // out [M x D]
  Matrix<float> accMix;  // acc [1 x D]
  Matrix<const float> dy;  // in [M x D]
  Matrix<const float> x;  // in [M x D]
  Matrix<const float> mix;  // in [1 x D]
  int64_t seqLen;
};

/**
 * One plain C pointer per op; an extension has those that it replaces, and null. A kernel reads and writes only inside
 * its matrices and never throws.
 */
struct KernelTable {
  const char* name;
  LimitTable limits;
  int64_t productTileRows, productTileCols;  // of the float products' output tile; 0 in an extension
  int64_t (*packedTernaryBytes)(int64_t rows, int64_t cols);
  void (*activation)(Context&, const ActivationArgs&) noexcept;
  void (*adamW)(Context&, const AdamWArgs&) noexcept;
  void (*add)(Context&, const AddArgs&) noexcept;
  void (*addBias)(Context&, const AddBiasArgs&) noexcept;
  void (*addBiasGrad)(Context&, const AddBiasGradArgs&) noexcept;
  void (*causalConv)(Context&, const CausalConvArgs&) noexcept;
  void (*causalConvGrad)(Context&, const CausalConvGradArgs&) noexcept;
  void (*countPairs)(Context&, const CountPairsArgs&) noexcept;
  void (*delay)(Context&, const DelayArgs&) noexcept;
  void (*delayGrad)(Context&, const DelayGradArgs&) noexcept;
  void (*dropout)(Context&, const DropoutArgs&) noexcept;
  void (*gate)(Context&, const GateArgs&) noexcept;
  void (*gateGrad)(Context&, const GateGradArgs&) noexcept;
  void (*gatherRows)(Context&, const GatherRowsArgs&) noexcept;
  void (*headLoss)(Context&, const HeadLossArgs&) noexcept;
  void (*lion)(Context&, const LionArgs&) noexcept;
  void (*matmul)(Context&, const MatmulArgs&) noexcept;
  void (*matmulTransA)(Context&, const MatmulTransAArgs&) noexcept;
  void (*matmulTransB)(Context&, const MatmulTransBArgs&) noexcept;
  void (*multiply)(Context&, const MultiplyArgs&) noexcept;
  void (*packTernary)(Context&, const PackTernaryArgs&) noexcept;
  void (*pasteColumns)(Context&, const PasteColumnsArgs&) noexcept;
  void (*quantizeRows)(Context&, const QuantizeRowsArgs&) noexcept;
  void (*quantizeWeight)(Context&, const QuantizeWeightArgs&) noexcept;
  void (*rmsNorm)(Context&, const RmsNormArgs&) noexcept;
  void (*rmsNormGrad)(Context&, const RmsNormGradArgs&) noexcept;
  void (*runningMean)(Context&, const RunningMeanArgs&) noexcept;
  void (*runningMeanGrad)(Context&, const RunningMeanGradArgs&) noexcept;
  void (*scale)(Context&, const ScaleArgs&) noexcept;
  void (*scaleAdd)(Context&, const ScaleAddArgs&) noexcept;
  void (*scaleAddGrad)(Context&, const ScaleAddGradArgs&) noexcept;
  void (*scan)(Context&, const ScanArgs&) noexcept;
  void (*scanGrad)(Context&, const ScanGradArgs&) noexcept;
  void (*scatterAddRows)(Context&, const ScatterAddRowsArgs&) noexcept;
  void (*sgdMomentum)(Context&, const SgdMomentumArgs&) noexcept;
  void (*sliceColumns)(Context&, const SliceColumnsArgs&) noexcept;
  void (*softmaxCrossEntropy)(Context&, const SoftmaxCrossEntropyArgs&) noexcept;
  double (*sumSquares)(Context&, const SumSquaresArgs&) noexcept;
  void (*ternaryMatmul)(Context&, const TernaryMatmulArgs&) noexcept;
  void (*ternaryMatmulFloat)(Context&, const TernaryMatmulFloatArgs&) noexcept;
  void (*ternaryMatmulGradW)(Context&, const TernaryMatmulGradWArgs&) noexcept;
  void (*ternaryMatmulGradX)(Context&, const TernaryMatmulGradXArgs&) noexcept;
  void (*tokenShift)(Context&, const TokenShiftArgs&) noexcept;
  void (*tokenShiftGrad)(Context&, const TokenShiftGradArgs&) noexcept;
};

}  // namespace flashlm
