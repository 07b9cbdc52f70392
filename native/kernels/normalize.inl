#include "document_starts.inl"
#include "row_sums.inl"

// Layer and group norm: each group of columns less its mean, divided by its standard deviation, over one row
// or over all rows of a document.
namespace flashlm {
namespace {

/** One number in every lane, of which `take` reads as many as of the values beside it. */
struct Everywhere {
  float lanes[simd::LANES];

  SIMD_METHOD explicit Everywhere(float value) { simd::store(lanes, simd::broadcast(value)); }
};

/** x - mean; the lanes past a tail stay 0. */
template <class Part>
SIMD_INLINE simd::Vec centred(const float* x, const Everywhere& mean, Part part) {
  return simd::sub(take(x, part), take(mean.lanes, part));
}

/** `cols` columns of `rows` rows, `stride` floats apart. */
struct NormGroup {
  const float* data;
  int64_t rows, cols, stride;

  double count() const { return static_cast<double>(rows) * static_cast<double>(cols); }
};

/** `sumVectors` over a group: `term(sum, at, part)`, where `at` counts floats from the group's first. */
template <class Term>
SIMD_INLINE double sumGroup(const NormGroup& group, const Term& term) {
  double sum = 0;
  for (int64_t row = 0; row < group.rows; row++) {
    const int64_t first = row * group.stride;
    sum += sumVectors(group.cols,
                      [=](simd::Vec sum, int64_t i, auto part) { return term(sum, first + i, part); });
  }
  return sum;
}

/** The sum of x - mean, or of its square, in float64, for groups whose sums overflow float32. */
__attribute__((noinline)) double largeSum(const NormGroup& group, double mean, bool squared) {
  double sum = 0;
  for (int64_t row = 0; row < group.rows; row++) {
    for (int64_t i = 0; i < group.cols; i++) {
      const double v = group.data[row * group.stride + i] - mean;
      sum += squared ? v * v : v;
    }
  }
  return sum;
}

struct Moments {
  float mean, rstd;
};

inline Moments momentsOf(const NormGroup& group, double eps) {
  const float* x = group.data;
  double sum = sumGroup(
      group, [=](simd::Vec sum, int64_t at, auto part) { return simd::add(sum, take(x + at, part)); });
  if (__builtin_isinf(sum)) sum = largeSum(group, 0, false);
  const float mean = static_cast<float>(sum / group.count());
  const Everywhere m(mean);
  double squares = sumGroup(group, [=](simd::Vec sum, int64_t at, auto part) {
    const simd::Vec v = centred(x + at, m, part);
    return simd::fma(v, v, sum);
  });
  if (__builtin_isinf(squares)) squares = largeSum(group, mean, true);
  return {mean, static_cast<float>(1 / __builtin_sqrt(squares / group.count() + eps))};
}

/** One row: out = (x - mean) * rstd * gain + bias, with the mean and rstd of each of `groups` groups. */
inline void applyNorm(float* out, const float* x, const float* means, const float* rstds, const float* gain,
                      const float* bias, int64_t groups, int64_t cols) {
  for (int64_t g = 0; g < groups; g++) {
    const simd::Vec mean = simd::broadcast(means[g]), r = simd::broadcast(rstds[g]);
    eachVector(g * cols, (g + 1) * cols, [=](int64_t i, auto part) {
      simd::Vec v = simd::mul(simd::sub(take(x + i, part), mean), r);
      if (gain) v = simd::mul(v, take(gain + i, part));
      if (bias) v = simd::add(v, take(bias + i, part));
      put(out + i, v, part);
    });
  }
}

/** What backward needs of a group beside its moments: the means of u and of u * n. */
struct Pulls {
  float mean, normed;
};

/** What backward reads, from the first column of a group on. */
struct NormBack {
  const float *dy, *x, *gain;
  Everywhere mean;
  simd::Vec rstd;

  SIMD_METHOD NormBack(const float* dy, const float* x, const float* gain, float mean, float rstd)
      : dy(dy), x(x), gain(gain), mean(mean), rstd(simd::broadcast(rstd)) {}

  /** dy * gain, of column `i` and of float `at`. */
  template <class Part>
  SIMD_METHOD simd::Vec upstream(int64_t at, int64_t i, Part part) const {
    const simd::Vec g = take(dy + at, part);
    return gain ? simd::mul(g, take(gain + i, part)) : g;
  }
  template <class Part>
  SIMD_METHOD simd::Vec normed(int64_t at, Part part) const {
    return simd::mul(centred(x + at, mean, part), rstd);
  }
};

inline Pulls pullsOf(const NormBack& back, int64_t rows, int64_t cols, int64_t stride) {
  double sum = 0, products = 0;
  for (int64_t row = 0; row < rows; row++) {
    const int64_t first = row * stride;
    sum += sumVectors(cols, [=](simd::Vec sum, int64_t i, auto part) {
      return simd::add(sum, back.upstream(first + i, i, part));
    });
    products += sumVectors(cols, [=](simd::Vec sum, int64_t i, auto part) {
      return addTerms(sum, back.upstream(first + i, i, part), back.normed(first + i, part), part);
    });
  }
  const double count = static_cast<double>(rows) * static_cast<double>(cols);
  return {static_cast<float>(sum / count), static_cast<float>(products / count)};
}

/** One group of one row: dx, and the terms of the sums over rows where there are such. */
inline void normBack(float* dx, float* gainSums, float* biasSums, const NormBack& back, const Pulls& pulls,
                     int64_t cols) {
  const simd::Vec mean = simd::broadcast(pulls.mean), pull = simd::broadcast(pulls.normed);
  eachVector(0, cols, [=](int64_t i, auto part) {
    const simd::Vec n = back.normed(i, part), u = back.upstream(i, i, part);
    put(dx + i, simd::mul(back.rstd, simd::fnma(n, pull, simd::sub(u, mean))), part);
    const simd::Vec g = take(back.dy + i, part);
    if (gainSums) put(gainSums + i, simd::fma(g, n, take(gainSums + i, part)), part);
    if (biasSums) put(biasSums + i, simd::add(g, take(biasSums + i, part)), part);
  });
}

/** The rows of both backward kernels; `pullsAt(back, group)` gives the means of one of all rows' groups. */
template <class Args, class PullsAt>
inline void normalizeBack(Context& ctx, const Args& args, const PullsAt& pullsAt) {
  const int64_t D = args.x.cols, groups = args.mean.cols, cols = D / groups;
  float* dxs = args.outDx.data;
  const float* dys = args.dy.data;
  const float* xs = args.x.data;
  const float* gain = args.gain.data;
  const float* means = args.mean.data;
  const float* rstds = args.rstd.data;
  float* accGain = args.accGain.data;
  float* accBias = args.accBias.data;
  const int64_t biasAt = accGain ? D : 0;
  const auto onRow = [=](int64_t row, float* sums) {
    for (int64_t g = 0; g < groups; g++) {
      const int64_t first = g * cols, at = row * D + first, group = row * groups + g;
      const NormBack back(dys + at, xs + at, gain ? gain + first : nullptr, means[group], rstds[group]);
      normBack(dxs + at, accGain ? sums + first : nullptr, accBias ? sums + biasAt + first : nullptr, back,
               pullsAt(back, group), cols);
    }
  };
  eachRowWithSums(ctx, args.x.rows, D, biasAt + (accBias ? D : 0), onRow, [=](const PartSums& sums) {
    if (accGain) foldParts(accGain, D, sums, 0);
    if (accBias) foldParts(accBias, D, sums, biasAt);
  });
}

/** Calls `body(first, rows, group)` for each document of each sequence and each group of columns, on all
 * threads; `body` captures by value: see `eachRow`. */
template <class Body>
inline void eachDocumentGroup(const Context& ctx, const int32_t* starts, int64_t rows, int64_t seqLen,
                              int64_t groups, int64_t cols, const Body& body) {
  const int64_t elements = seqLen * cols;
  const int64_t grain = elements < THREAD_ELEMENTS ? THREAD_ELEMENTS / elements : 1;
  parallelRows(ctx.threads, rows / seqLen * groups, grain, [&](int64_t begin, int64_t end, int) {
    const Body own = body;
    for (int64_t task = begin; task < end; task++) {
      const int64_t sequence = task / groups * seqLen;
      for (int64_t first = 0, next; first < seqLen; first = next) {
        next = first + 1;
        while (next < seqLen && !documentBegins(starts, sequence + next, next)) next++;
        own(sequence + first, next - first, task % groups);
      }
    }
  });
}

void normalize(Context& ctx, const NormalizeArgs& args) noexcept {
  const int64_t D = args.x.cols, groups = args.outMean.cols, cols = D / groups;
  float* outs = args.out.data;
  float* means = args.outMean.data;
  float* rstds = args.outRstd.data;
  const float* xs = args.x.data;
  const float* gain = args.gain.data;
  const float* bias = args.bias.data;
  const double eps = args.eps;
  eachRow(ctx, args.x.rows, D, [=](int64_t row) {
    const float* x = xs + row * D;
    float* mean = means + row * groups;
    float* rstd = rstds + row * groups;
    for (int64_t g = 0; g < groups; g++) {
      const Moments moments = momentsOf({x + g * cols, 1, cols, 0}, eps);
      mean[g] = moments.mean;
      rstd[g] = moments.rstd;
    }
    applyNorm(outs + row * D, x, mean, rstd, gain, bias, groups, cols);
  });
}

void normalizeGrad(Context& ctx, const NormalizeGradArgs& args) noexcept {
  const int64_t cols = args.x.cols / args.mean.cols;
  normalizeBack(ctx, args, [=](const NormBack& back, int64_t) { return pullsOf(back, 1, cols, 0); });
}

void normalizeOverTime(Context& ctx, const NormalizeOverTimeArgs& args) noexcept {
  const int64_t D = args.x.cols, groups = args.outMean.cols, cols = D / groups;
  float* outs = args.out.data;
  float* means = args.outMean.data;
  float* rstds = args.outRstd.data;
  const float* xs = args.x.data;
  const float* gain = args.gain.data;
  const float* bias = args.bias.data;
  const double eps = args.eps;
  eachDocumentGroup(ctx, args.starts.data, args.x.rows, args.seqLen, groups, cols,
                    [=](int64_t first, int64_t rows, int64_t group) {
                      const Moments moments = momentsOf({xs + first * D + group * cols, rows, cols, D}, eps);
                      for (int64_t row = first; row < first + rows; row++) {
                        means[row * groups + group] = moments.mean;
                        rstds[row * groups + group] = moments.rstd;
                      }
                    });
  eachRow(ctx, args.x.rows, D, [=](int64_t row) {
    applyNorm(outs + row * D, xs + row * D, means + row * groups, rstds + row * groups, gain, bias, groups,
              cols);
  });
}

void normalizeOverTimeGrad(Context& ctx, const NormalizeOverTimeGradArgs& args) noexcept {
  const int64_t D = args.x.cols, groups = args.mean.cols, cols = D / groups;
  // Where a deferred region only asks for room, or adds up, there are no rows to go through.
  const bool adds = args.accGain.data || args.accBias.data;
  Pulls* pulls = nullptr;
  if (!adds || !ctx.sum || ctx.sum->phase == RowSum::Phase::rows) {
    pulls = ctx.scratch.get<Pulls>(args.x.rows * groups);
    if (!pulls) return;
    const float* dys = args.dy.data;
    const float* xs = args.x.data;
    const float* gain = args.gain.data;
    const float* means = args.mean.data;
    const float* rstds = args.rstd.data;
    eachDocumentGroup(ctx, args.starts.data, args.x.rows, args.seqLen, groups, cols,
                      [=](int64_t first, int64_t rows, int64_t group) {
                        const int64_t at = first * D + group * cols, of = first * groups + group;
                        const NormBack back(dys + at, xs + at, gain ? gain + group * cols : nullptr,
                                            means[of], rstds[of]);
                        const Pulls found = pullsOf(back, rows, cols, D);
                        for (int64_t row = 0; row < rows; row++) pulls[of + row * groups] = found;
                      });
  }
  normalizeBack(ctx, args, [=](const NormBack&, int64_t group) { return pulls[group]; });
}

}  // namespace
}  // namespace flashlm
