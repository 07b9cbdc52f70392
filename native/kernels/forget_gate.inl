#include "curves.inl"
#include "row_sums.inl"

// Forget gates f = b + (1 - b) sigmoid(z) with a lower bound b in each column, and their logarithms.
namespace flashlm {
namespace {

/** A gate is taken for no less than this where the gradient of its bound is divided by it. */
constexpr float LEAST_GATE = 1e-20f;
/** Smaller gates count as 0 where a sigmoid is divided by them. */
constexpr float LEAST_DIVISOR = 1e-37f;

/** The lower bound of each column [D]. */
struct Bounds {
  float *value, *rest, *log;
  /** The derivatives by the logits [layers x D]; null where the bound is fixed. */
  float* slopes;
};

/** The bounds that a call's arguments name; `value` is null when memory is short. */
template <class Args>
inline Bounds boundsOf(Context& ctx, const Args& args, int64_t D) {
  const float* logits = args.logits.data;
  const int64_t layers = args.layers, layer = args.layer;
  const Bounds bounds = {ctx.scratch.get<float>(D), ctx.scratch.get<float>(D), ctx.scratch.get<float>(D),
                         logits ? ctx.scratch.get<float>(layers * D) : nullptr};
  if (ctx.scratch.failed()) return {};
  const float floor = static_cast<float>(args.floor);
  eachVector(0, D, [=](int64_t i, auto part) {
    if (!logits) {
      put(bounds.value + i, simd::broadcast(floor), part);
      put(bounds.rest + i, simd::broadcast(1.0f - floor), part);
      return;
    }
    simd::Vec largest = take(logits + i, part);
    for (int64_t l = 1; l < layers; l++) largest = simd::max(largest, take(logits + l * D + i, part));
    simd::Vec below = simd::zero(), beyond = simd::zero();
    for (int64_t l = 0; l < layers; l++) {
      simd::Vec e[1] = {simd::sub(largest, take(logits + l * D + i, part))};
      simd::expMinus(e);
      put(bounds.slopes + l * D + i, e[0], part);
      if (l >= 1 && l <= layer) below = simd::add(below, e[0]);
      else beyond = simd::add(beyond, e[0]);
    }
    const simd::Vec share = simd::div(simd::broadcast(1.0f), simd::add(below, beyond));
    const simd::Vec value = simd::mul(below, share), rest = simd::mul(beyond, share);
    put(bounds.value + i, value, part);
    put(bounds.rest + i, rest, part);
    for (int64_t l = 0; l < layers; l++) {
      float* slope = bounds.slopes + l * D + i;
      const simd::Vec own = simd::mul(take(slope, part), share);
      put(slope, simd::mul(own, l >= 1 && l <= layer ? rest : simd::neg(value)), part);
    }
  });
  for (int64_t i = 0; i < D; i++) bounds.log[i] = __builtin_logf(bounds.value[i]);
  return bounds;
}

/** The gates of N registers: f and 1 - f, each with all of its digits. */
template <int N>
struct ForgetGate {
  Sigmoid<N> sigmoid;
  simd::Vec of[N], rest[N];

  template <class Part>
  SIMD_METHOD ForgetGate(const simd::Vec (&z)[N], const Bounds& bounds, int64_t i, Part part) : sigmoid(z) {
    for (int j = 0; j < N; j++) {
      const simd::Vec share = take(bounds.rest + i + j * simd::LANES, part);
      of[j] = simd::fma(share, sigmoid.of[j], take(bounds.value + i + j * simd::LANES, part));
      rest[j] = simd::mul(share, sigmoid.rest[j]);
    }
  }
};

/** z + bias of N registers. */
template <int N, class Part>
SIMD_INLINE void takeBiased(const float* z, const float* bias, Part part, simd::Vec (&to)[N]) {
  for (int j = 0; j < N; j++) {
    const int64_t at = j * simd::LANES;
    to[j] = take(z + at, part);
    if (bias) to[j] = simd::add(to[j], take(bias + at, part));
  }
}

/**
 * Sums over rows for the logits and the bias of a gate: `body(row, ofBound, ofBias)` adds a row's terms to
 * those sums [D] that are not null.
 */
template <class Args, class Body>
inline void eachRowWithGateSums(Context& ctx, const Args& args, const Bounds& bounds, int64_t D,
                                const Body& body) {
  float* accLogits = args.accLogits.data;
  float* accBias = args.accBias.data;
  const int64_t layers = args.layers;
  const bool hasBound = accLogits && bounds.slopes;
  const int64_t cols = (hasBound ? D : 0) + (accBias ? D : 0);
  const auto onRow = [=](int64_t row, float* sums) {
    body(row, hasBound ? sums : nullptr, accBias ? sums + (hasBound ? D : 0) : nullptr);
  };
  eachRowWithSums(ctx, args.x.rows, args.x.cols, cols, onRow, [=](const PartSums& sums) {
    if (accBias) foldParts(accBias, D, sums, hasBound ? D : 0);
    if (!hasBound) return;
    for (int64_t l = 0; l < layers; l++) {
      const float* slopes = bounds.slopes + l * D;
      foldParts(accLogits + l * D, D, sums, 0,
                [=](simd::Vec sum, int64_t i, auto part) { return simd::mul(sum, take(slopes + i, part)); });
    }
  });
}

template <class Part>
SIMD_INLINE void addTo(float* sums, simd::Vec v, Part part) {
  if (sums) put(sums, simd::add(take(sums, part), v), part);
}

void forgetGate(Context& ctx, const ForgetGateArgs& args) noexcept {
  const int64_t D = args.out.cols / 2;
  float* outs = args.out.data;
  const float* xs = args.x.data;
  const float* bias = args.bias.data;
  const Bounds bounds = boundsOf(ctx, args, D);
  if (!bounds.value) return;
  eachRow(ctx, args.out.rows, 2 * D, [=](int64_t row) {
    eachFour(0, D, [=](int64_t i, auto part, auto registers) INLINE_BODY {
      constexpr int N = registers.COUNT;
      const float* x = xs + 2 * row * D + i;
      float* out = outs + 2 * row * D + i;
      simd::Vec z[N];
      takeBiased(x, bias ? bias + i : nullptr, part, z);
      const ForgetGate<N> gate(z, bounds, i, part);
      for (int j = 0; j < N; j++) {
        const int64_t at = j * simd::LANES;
        put(out + at, gate.of[j], part);
        put(out + D + at, simd::mul(gate.rest[j], take(x + D + at, part)), part);
      }
    });
  });
}

void forgetGateGrad(Context& ctx, const ForgetGateGradArgs& args) noexcept {
  const int64_t D = args.x.cols / 2;
  float* dxs = args.outDx.data;
  const float* dys = args.dy.data;
  const float* xs = args.x.data;
  const float* bias = args.bias.data;
  const Bounds bounds = boundsOf(ctx, args, D);
  if (!bounds.value) return;
  eachRowWithGateSums(ctx, args, bounds, D, [=](int64_t row, float* ofBound, float* ofBias) {
    eachFour(0, D, [=](int64_t i, auto part, auto registers) INLINE_BODY {
      constexpr int N = registers.COUNT;
      const float* x = xs + 2 * row * D + i;
      const float* dy = dys + 2 * row * D + i;
      float* dx = dxs + 2 * row * D + i;
      simd::Vec z[N];
      takeBiased(x, bias ? bias + i : nullptr, part, z);
      const ForgetGate<N> gate(z, bounds, i, part);
      for (int j = 0; j < N; j++) {
        const int64_t at = j * simd::LANES;
        const simd::Vec du = take(dy + D + at, part);
        const simd::Vec e = simd::fnma(take(x + D + at, part), du, take(dy + at, part));
        const simd::Vec dz = simd::mul(e, simd::mul(gate.rest[j], gate.sigmoid.of[j]));
        put(dx + at, dz, part);
        put(dx + D + at, simd::mul(gate.rest[j], du), part);
        addTo(ofBound ? ofBound + i + at : nullptr, simd::mul(e, gate.sigmoid.rest[j]), part);
        addTo(ofBias ? ofBias + i + at : nullptr, dz, part);
      }
    });
  });
}

/**
 * log(f). Where f is at least a half it is -ln(1 + (1 - f) / f); else z < 0, and with e = e^z it is
 * ln(b + e) - ln(1 + e), of which the first is ln of the greater one of b and e plus ln(1 + their ratio).
 */
template <int N, class Part>
SIMD_INLINE void logOfGate(const ForgetGate<N>& gate, const simd::Vec (&z)[N], const Bounds& bounds,
                           int64_t i, Part part, simd::Vec (&y)[N]) {
  const simd::Vec least = simd::broadcast(LEAST_DIVISOR);
  simd::Vec ratio[N], ofRatio[N], ofExp[N];
  for (int j = 0; j < N; j++) {
    const simd::Vec e = gate.sigmoid.exp[j], b = take(bounds.value + i + j * simd::LANES, part);
    // In this order a bound that is NaN makes NaN.
    const simd::Mask isNear = simd::greater(gate.of[j], gate.rest[j]);
    const simd::Vec above = simd::select(isNear, gate.rest[j], simd::min(e, b));
    const simd::Vec below = simd::select(isNear, gate.of[j], simd::max(e, b));
    ratio[j] = simd::div(above, simd::max(least, below));
  }
  polynomial(ratio, LOG_SHARE, ofRatio);
  polynomial(gate.sigmoid.exp, LOG_SHARE, ofExp);
  for (int j = 0; j < N; j++) {
    const int64_t at = i + j * simd::LANES;
    const simd::Vec e = gate.sigmoid.exp[j], b = take(bounds.value + at, part);
    const simd::Vec near = simd::mul(ofRatio[j], ratio[j]);
    const simd::Vec base = simd::select(simd::greater(b, e), take(bounds.log + at, part), z[j]);
    const simd::Vec far = simd::fnma(ofExp[j], e, simd::add(base, near));
    y[j] = simd::select(simd::greater(gate.of[j], gate.rest[j]), simd::neg(near), far);
  }
}

void logDecay(Context& ctx, const LogDecayArgs& args) noexcept {
  const int64_t D = args.x.cols, outCols = args.out.cols;
  float* outs = args.out.data;
  const float* xs = args.x.data;
  const float* bias = args.bias.data;
  const simd::Vec cooling = simd::broadcast(static_cast<float>(1 / args.temperature));
  const Bounds bounds = boundsOf(ctx, args, D);
  if (!bounds.value) return;
  eachRow(ctx, args.x.rows, outCols, [=](int64_t row) {
    eachFour(0, D, [=](int64_t i, auto part, auto registers) INLINE_BODY {
      constexpr int N = registers.COUNT;
      float* rest = outs + row * outCols + i;
      float* log = rest + outCols - D;
      simd::Vec z[N], y[N];
      takeBiased(xs + row * D + i, bias ? bias + i : nullptr, part, z);
      const ForgetGate<N> gate(z, bounds, i, part);
      logOfGate(gate, z, bounds, i, part, y);
      for (int j = 0; j < N; j++) {
        const int64_t at = j * simd::LANES;
        if (outCols > D) put(rest + at, gate.rest[j], part);
        put(log + at, simd::mul(y[j], cooling), part);
      }
    });
  });
}

void logDecayGrad(Context& ctx, const LogDecayGradArgs& args) noexcept {
  const int64_t D = args.x.cols, dyCols = args.dy.cols;
  float* dxs = args.outDx.data;
  const float* dys = args.dy.data;
  const float* xs = args.x.data;
  const float* bias = args.bias.data;
  const simd::Vec cooling = simd::broadcast(static_cast<float>(1 / args.temperature));
  const Bounds bounds = boundsOf(ctx, args, D);
  if (!bounds.value) return;
  eachRowWithGateSums(ctx, args, bounds, D, [=](int64_t row, float* ofBound, float* ofBias) {
    eachFour(0, D, [=](int64_t i, auto part, auto registers) INLINE_BODY {
      constexpr int N = registers.COUNT;
      const simd::Vec zero = simd::zero(), one = simd::broadcast(1.0f);
      const simd::Vec least = simd::broadcast(LEAST_DIVISOR), leastGate = simd::broadcast(LEAST_GATE);
      const float* dRest = dys + row * dyCols + i;
      const float* dLog = dRest + dyCols - D;
      simd::Vec z[N];
      takeBiased(xs + row * D + i, bias ? bias + i : nullptr, part, z);
      const ForgetGate<N> gate(z, bounds, i, part);
      for (int j = 0; j < N; j++) {
        const int64_t at = j * simd::LANES;
        const simd::Vec ofRest = dyCols > D ? take(dRest + at, part) : zero;
        const simd::Vec ofLog = simd::mul(take(dLog + at, part), cooling);
        const simd::Vec s = gate.sigmoid.of[j], f = gate.of[j];
        // Without a bound s / f is 1, also where both vanish.
        const simd::Vec vanished =
            simd::select(simd::greater(take(bounds.value + i + at, part), zero), zero, one);
        const simd::Vec share =
            simd::select(simd::greater(least, f), vanished, simd::div(s, simd::max(least, f)));
        const simd::Vec dz = simd::mul(simd::fnma(ofRest, s, simd::mul(ofLog, share)), gate.rest[j]);
        put(dxs + row * D + i + at, dz, part);
        const simd::Vec ofGate = simd::sub(simd::div(ofLog, simd::max(leastGate, f)), ofRest);
        addTo(ofBound ? ofBound + i + at : nullptr, simd::mul(ofGate, gate.sigmoid.rest[j]), part);
        addTo(ofBias ? ofBias + i + at : nullptr, dz, part);
      }
    });
  });
}

}  // namespace
}  // namespace flashlm
