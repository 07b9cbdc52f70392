#include <string.h>

#include "float_threshold.inl"
#include "sum_abs.inl"
#include "vectors.inl"

namespace flashlm {
namespace {

/** The smallest `absBits` that is not finite: infinity's. */
constexpr uint32_t NOT_FINITE = 0x7f800000;

/** The bits of |x|: as integers they sort like the numbers, NaN last. */
SIMD_INLINE uint32_t absBits(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits & 0x7fffffff;
}

/**
 * The |w| of rank `rank` (from 0) by radix selection, most significant digit first: three passes for any
 * data, and the same result for any number of threads. NaN if a value is not finite, or when memory runs out.
 */
float selectAbs(Context& ctx, const float* w, int64_t count, int64_t rank) {
  constexpr int DIGITS = 2048;
  int64_t* counts = ctx.scratch.get<int64_t>(static_cast<size_t>(ctx.threads) * DIGITS);
  if (!counts) return __builtin_nanf("");
  uint32_t found = 0;
  for (int shift = 20, width = 11; shift >= 0; shift -= 10, width = 10) {
    memset(counts, 0, sizeof(int64_t) * ctx.threads * DIGITS);
    parallelRows(ctx.threads, count, THREAD_ELEMENTS, [=](int64_t begin, int64_t end, int thread) {
      int64_t* own = counts + thread * DIGITS;
      for (int64_t i = begin; i < end; i++) {
        const uint32_t bits = absBits(w[i]) >> shift;
        if (bits >> width == found) own[bits & ((1u << width) - 1)]++;
      }
    });
    if (shift == 20) {
      int64_t notFinite = 0;
      for (int thread = 0; thread < ctx.threads; thread++) {
        for (int d = NOT_FINITE >> 20; d < DIGITS; d++) notFinite += counts[thread * DIGITS + d];
      }
      if (notFinite) return __builtin_nanf("");
    }
    uint32_t digit = 0;
    // Another thread may change shared memory between two passes, so the search also ends at the last digit.
    for (; digit < (1u << width) - 1; digit++) {
      int64_t here = 0;
      for (int thread = 0; thread < ctx.threads; thread++) here += counts[thread * DIGITS + digit];
      if (rank < here) break;
      rank -= here;
    }
    found = found << width | digit;
  }
  float value;
  memcpy(&value, &found, sizeof value);
  return value;
}

/** The number of values below a limit, and the largest of them as `absBits` (0 if there are none). */
struct Below {
  int64_t count;
  uint32_t largest;
};

/** The |w| of rank `rank` - 1, given the `value` of rank `rank`. NaN when memory runs out. */
float predecessorAbs(Context& ctx, const float* w, int64_t count, int64_t rank, float value) {
  Below* parts = ctx.scratch.get<Below>(ctx.threads);
  if (!parts) return __builtin_nanf("");
  memset(parts, 0, sizeof(Below) * ctx.threads);
  const uint32_t limit = absBits(value);
  parallelRows(ctx.threads, count, THREAD_ELEMENTS, [=](int64_t begin, int64_t end, int thread) {
    Below below = {0, 0};
    for (int64_t i = begin; i < end; i++) {
      const uint32_t bits = absBits(w[i]);
      below.count += bits < limit;
      below.largest = bits < limit && bits > below.largest ? bits : below.largest;
    }
    parts[thread] = below;
  });
  Below all = {0, 0};
  for (int thread = 0; thread < ctx.threads; thread++) {
    all.count += parts[thread].count;
    if (parts[thread].largest > all.largest) all.largest = parts[thread].largest;
  }
  // `value` occurs at rank `rank` - 1 too.
  if (all.count < rank) return value;
  float largest;
  memcpy(&largest, &all.largest, sizeof largest);
  return largest;
}

double meanAbs(Context& ctx, Matrix<const float> w) {
  const int64_t rows = w.rows, K = w.cols;
  const float* from = w.data;
  double* sums = ctx.scratch.get<double>(rows);
  if (!sums) return 0;
  eachRow(ctx, rows, K, [=](int64_t row) { sums[row] = sumAbs(from + row * K, K); });
  double total = 0;
  for (int64_t row = 0; row < rows; row++) total += sums[row];
  return total / (rows * K);
}

double medianAbs(Context& ctx, Matrix<const float> w) {
  const int64_t count = w.rows * w.cols;
  const float upper = selectAbs(ctx, w.data, count, count / 2);
  if (count % 2) return upper;
  const double lower = predecessorAbs(ctx, w.data, count, count / 2, upper);
  return (lower + upper) / 2;
}

/** The median of the |x| of one row: radix selection like `selectAbs`, on one thread. */
double rowMedianAbs(const float* x, int64_t count) {
  int64_t rank = count / 2;
  uint32_t found = 0;
  for (int shift = 24; shift >= 0; shift -= 8) {
    int64_t counts[256] = {};
    for (int64_t i = 0; i < count; i++) {
      const uint32_t bits = absBits(x[i]);
      if (bits >= NOT_FINITE) return __builtin_nan("");
      if (static_cast<uint64_t>(bits) >> (shift + 8) == found) counts[bits >> shift & 255]++;
    }
    uint32_t digit = 0;
    for (; digit < 255 && rank >= counts[digit]; digit++) rank -= counts[digit];
    found = found << 8 | digit;
  }
  float upper;
  memcpy(&upper, &found, sizeof upper);
  if (count % 2) return upper;
  Below below = {0, 0};
  for (int64_t i = 0; i < count; i++) {
    const uint32_t bits = absBits(x[i]);
    below.count += bits < found;
    below.largest = bits < found && bits > below.largest ? bits : below.largest;
  }
  float lower = upper;
  if (below.count >= count / 2) memcpy(&lower, &below.largest, sizeof lower);
  return (static_cast<double>(lower) + upper) / 2;
}

void quantizeWeightRows(Context& ctx, const QuantizeWeightRowsArgs& args) noexcept {
  const int64_t K = args.w.cols;
  const float* ws = args.w.data;
  int8_t* codes = args.outCodes.data;
  float* scales = args.outRowScale.data;
  const bool median = args.rule == QuantizeWeightRowsRule::absmedian;
  eachRow(ctx, args.w.rows, K, [=](int64_t row) {
    const float* w = ws + row * K;
    const double middle = median ? rowMedianAbs(w, K) : sumAbs(w, K) / K;
    const double gamma = middle < 1e-5 ? 1e-5 : middle;  // NaN stays
    scales[row] = static_cast<float>(gamma);
    const simd::Vec limit = simd::broadcast(floatThreshold(0.5 * gamma));
    eachCode(codes + row * K, 0, K,
             [=](int64_t i, auto part) { return simd::ternaryCodes(take(w + i, part), limit); });
  });
}

void quantizeWeight(Context& ctx, const QuantizeWeightArgs& args) noexcept {
  const float* w = args.w.data;
  int8_t* codes = args.outCodes.data;
  const bool median = args.rule == QuantizeWeightRule::absmedian;
  const double gamma = (median ? medianAbs(ctx, args.w) : meanAbs(ctx, args.w)) + 1e-8;
  *args.outScale.data = static_cast<float>(gamma);
  const simd::Vec limit = simd::broadcast(floatThreshold(0.5 * gamma));
  parallelRows(ctx.threads, args.w.rows * args.w.cols, THREAD_ELEMENTS, [=](int64_t begin, int64_t end, int) {
    eachCode(codes, begin, end,
             [=](int64_t i, auto part) { return simd::ternaryCodes(take(w + i, part), limit); });
  });
}

}  // namespace
}  // namespace flashlm
