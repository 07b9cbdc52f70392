#include "linear_attention_back.inl"
#include "linear_attention_replace.inl"
#include "row_sums.inl"
#include "strided_product.inl"

// The gradients of gla and delta. No row needs both its state and the gradient of its state at once: dv, dk
// and what the delta rule left alone follow from the gradients alone, last row first; then dq, and what the
// delta rule adds to dk, from the states, first row first. The gradient of a log decay is the sum over v of
// the state times its gradient; from row to row it changes by q dq - k dk, and what that sum is after every
// few rows is computed from both, so that no error goes on further.
namespace flashlm {
namespace {

/** A thread's memory for the gradients of a head's rows of one sequence. */
template <bool DELTA>
struct GradRoom {
  HeadRows<DELTA> head;
  /** S transposed [V x K], so that sums over v are sums of registers; its gradient [K x V]; and what that is
   * after every ROWS_AHEAD rows, transposed. */
  float *state, *dState, *marks;
  /** What a row's gate lets in [T x V], and the part of dk that comes from later rows [T x K]. */
  float *residuals, *dKeys;
  /** Of ROWS_AHEAD rows: what they write [V], and sums of the state before a row times dy and dResidual [K].
   */
  float *written, *read, *known;
  float *dWritten, *terms, *dq, *dk, *dDecay, *product;

  GradRoom(Parts& parts, const Heads& heads) : head(parts, heads) {
    const int64_t K = heads.keys, V = heads.values, T = heads.seqLen;
    state = parts.next(heads.state());
    dState = parts.next(heads.state());
    marks = parts.next(heads.decays ? (T + ROWS_AHEAD - 1) / ROWS_AHEAD * heads.state() : 0);
    residuals = parts.next(DELTA ? T * V : 0);
    dKeys = parts.next(T * K);
    written = parts.next(ROWS_AHEAD * V);
    read = parts.next(ROWS_AHEAD * K);
    known = parts.next(ROWS_AHEAD * K);
    dWritten = parts.next(V);
    terms = parts.next(K * simd::LANES);
    dq = parts.next(K);
    dk = parts.next(K);
    dDecay = parts.next(K);
    product = parts.next(K);
  }
};

/** The gradients of one head of one sequence. */
template <bool DELTA, Reads READS>
class HeadGradients {
 public:
  HeadGradients(const Heads& heads, GradRoom<DELTA>& room, const float* x, const float* dy, float* dx,
                const float* bonus, const int32_t* starts, int64_t firstRow, int64_t head)
      : heads(heads),
        room(room),
        x(x),
        dy(dy + head * heads.values),
        dx(dx),
        bonus(bonus),
        starts(starts),
        firstRow(firstRow),
        head(head),
        dyStride(heads.count() * heads.values),
        cols(heads.cols()) {}

  /** `ofWritten`, where it is not null, gets what each row writes times the gradient of what it reads. */
  void run(float* ofWritten) {
    const int64_t T = heads.seqLen, last = (T - 1) / ROWS_AHEAD * ROWS_AHEAD;
    if constexpr (DELTA) {
      clear(room.dState);
      for (int64_t first = 0; first < T; first += ROWS_AHEAD) {
        prepare(first);
        const auto begins = [=](int64_t r) { return this->begins(first + r); };
        replaceRows<Reads::never>(heads, room.head, rowsFrom(first, T), begins, room.dState, room.dWritten,
                                  room.residuals + first * heads.values, nullptr, 0);
      }
    }
    clear(room.dState);
    for (int64_t first = last; first >= 0; first -= ROWS_AHEAD) goBack(first);
    clear(room.state);
    for (int64_t first = 0; first < T; first += ROWS_AHEAD) goOn(first, ofWritten);
  }

 private:
  bool begins(int64_t t) const { return documentBegins(starts, firstRow + t, t); }
  void clear(float* state) const { memset(state, 0, heads.state() * sizeof(float)); }
  float* mark(int64_t first) const { return room.marks + first / ROWS_AHEAD * heads.state(); }
  /** The numbers of the rows from `first` on. */
  void prepare(int64_t first) const { room.head.read(x + first * cols, rowsFrom(first, heads.seqLen), head); }
  const float* residual(int64_t t, const HeadRow& row) const {
    return DELTA ? room.residuals + t * heads.values : row.v;
  }
  /** The gradient of what row t's gate lets in, which is that of its v. */
  float* dResidual(int64_t t) const { return dx + t * cols + heads.v(head); }

  /** What the rows from `first` on write. */
  void write(int64_t first) const {
    const int64_t V = heads.values;
    for (int64_t r = 0; r < rowsFrom(first, heads.seqLen); r++) {
      const HeadRow row = room.head.at(r);
      const float* from = residual(first + r, row);
      float* to = room.written + r * V;
      eachVector(0, V, [=](int64_t i, auto part) {
        put(to + i, simd::mul(simd::broadcast(row.gate), take(from + i, part)), part);
      });
    }
  }

  /** Takes `dState` from what the rows from `first` on leave to what the first of them finds. */
  void goBack(int64_t first) const {
    const int64_t V = heads.values, rows = rowsFrom(first, heads.seqLen);
    float* const dState = room.dState;
    if (heads.decays) transposeRows(mark(first), heads.keys, {dState, V}, heads.keys, V);
    prepare(first);
    write(first);
    for (int64_t r = rows - 1; r >= 0; r--) {
      const int64_t t = first + r;
      const HeadRow row = room.head.at(r);
      const float *written = room.written + r * V, *dOut = dy + t * dyStride;
      if constexpr (!DELTA)
        addRowBack<READS>(heads, row, share(row), written, dOut, dState, room.dWritten, room.terms);
      else if (r + 1 == rows || begins(t + 1))
        replaceRowBack<false>(heads, row, row, nullptr, written, dOut, dState, room.dWritten, room.terms);
      else
        replaceRowBack<true>(heads, row, room.head.at(r + 1), dResidual(t + 1), written, dOut, dState,
                             room.dWritten, room.terms);
      putWritten(t, row);
      if (begins(t)) clear(dState);
      else if (DELTA && r == 0) leaveRow(heads, row, dResidual(t), dState);
    }
  }

  float share(const HeadRow& row) const {
    return READS == Reads::before ? bonusOf(row, bonus, heads.keys) : 0;
  }

  /** The gradients of v, the gate, and the part of k's that comes from later rows. */
  void putWritten(int64_t t, const HeadRow& row) const {
    const int64_t K = heads.keys, V = heads.values;
    const float *dWritten = room.dWritten, *terms = room.terms;
    float* dv = dResidual(t);
    eachVector(0, V, [=](int64_t i, auto part) {
      put(dv + i, simd::mul(simd::broadcast(row.gate), take(dWritten + i, part)), part);
    });
    if (heads.gates) dx[t * cols + heads.gate(head)] = dotOf(dWritten, residual(t, row), V);
    float* dKey = room.dKeys + t * K;
    for (int64_t c = 0; c < K; c++) dKey[c] = simd::reduceAdd(simd::load(terms + c * simd::LANES));
  }

  /** Takes `state` over the rows from `first` on, and writes their other gradients. */
  void goOn(int64_t first, float* ofWritten) const {
    const int64_t K = heads.keys, V = heads.values, rows = rowsFrom(first, heads.seqLen);
    prepare(first);
    write(first);
    for (int64_t r = 0; r < rows; r++) {
      const int64_t t = first + r;
      if (begins(t)) clear(room.state);
      readRow<DELTA, READS>(heads, room.head.at(r), room.written + r * V, dy + t * dyStride, dResidual(t),
                            room.state, room.read + r * K, room.known + r * K);
    }
    if (heads.decays) sumOfProducts(mark(first), room.state, V, K, room.product);
    for (int64_t r = rows - 1; r >= 0; r--) putRow(first + r, r, ofWritten);
  }

  /** `room.product` is that of the state which the row leaves, and becomes that of the one which it finds. */
  void putRow(int64_t t, int64_t r, float* ofWritten) const {
    const int64_t K = heads.keys, keyHead = room.head.keyHead();
    const HeadRow row = room.head.at(r);
    const float own = heads.scale * dotOf(room.written + r * heads.values, dy + t * dyStride, heads.values);
    if (ofWritten) ofWritten[t * heads.count() + head] = own;
    const float *read = room.read + r * K, *known = room.known + r * K, *dKey = room.dKeys + t * K;
    float *dq = room.dq, *dk = room.dk, *dDecay = room.dDecay, *product = room.product;
    const float scale = heads.scale, *u = bonus;
    // What a document's first row finds is zero, and only what is not finite shows through it.
    const bool isFirst = t == 0 || begins(t);
    const simd::Vec counts = simd::broadcast(isFirst ? 0.0f : 1.0f);
    eachVector(0, K, [=](int64_t c, auto part) {
      const simd::Vec q = take(row.q + c, part), k = take(row.k + c, part);
      const simd::Vec ofRead = simd::mul(simd::broadcast(scale), take(read + c, part));
      const simd::Vec ofLater = take(dKey + c, part);
      const simd::Vec ofKnown = DELTA ? take(known + c, part) : simd::zero();
      simd::Vec itself = simd::broadcast(own);
      if (READS == Reads::before) itself = simd::mul(itself, take(u + c, part));
      put(dq + c, simd::fma(k, itself, ofRead), part);
      put(dk + c, simd::fma(q, itself, simd::sub(ofLater, ofKnown)), part);
      const simd::Vec written = simd::fnma(k, simd::add(ofLater, ofKnown), take(product + c, part));
      // An infinite query makes a gradient of both signs, whose sum is no number: q - q is none either.
      const simd::Vec both = simd::add(simd::fma(q, ofRead, written), simd::sub(q, q));
      const simd::Vec found = READS == Reads::before ? written : both;
      put(dDecay + c, simd::mul(counts, found), part);
      put(product + c, isFirst ? simd::zero() : both, part);
    });
    const bool isAdded = head % heads.group != 0;
    const float* from = x + t * cols;
    float* to = dx + t * cols;
    const int64_t atQ = heads.q(keyHead), atK = heads.k(keyHead), atDecay = heads.decay(head);
    putGradient<DELTA>(to + atQ, dq, from + atQ, room.head.perQ(r), K, isAdded);
    putGradient<DELTA>(to + atK, dk, from + atK, room.head.perK(r), K, isAdded);
    putDecays(heads, from + atDecay, dDecay, to + atDecay);
  }

  const Heads heads;
  GradRoom<DELTA>& room;
  /** The sequence's rows, and this head's columns of dy. */
  const float *const x, *const dy;
  float* const dx;
  const float* const bonus;
  const int32_t* const starts;
  const int64_t firstRow, head, dyStride, cols;
};

/** `ofWritten` is [rows x heads]. */
template <bool DELTA, Reads READS>
inline void headGradients(Context& ctx, const Heads& heads, float* dxs, const float* dys, const float* xs,
                          const float* bonus, const int32_t* starts, int64_t sequences, float* ofWritten) {
  const int64_t T = heads.seqLen, cols = heads.cols(), outCols = heads.count() * heads.values;
  Parts count(nullptr);
  GradRoom<DELTA>(count, heads);
  const int64_t floats = count.used;
  float* rooms = ctx.scratch.get<float>(ctx.threads * floats);
  if (!rooms) return;
  eachKeyHead(ctx, heads, sequences, [=](int64_t s, int64_t keyHead, int thread) {
    Parts parts(rooms + thread * floats);
    GradRoom<DELTA> room(parts, heads);
    const int64_t row = s * T;
    for (int64_t head = keyHead * heads.group; head < (keyHead + 1) * heads.group; head++) {
      const float* own = bonus ? bonus + head * heads.keys : nullptr;
      HeadGradients<DELTA, READS> gradients(heads, room, xs + row * cols, dys + row * outCols,
                                            dxs + row * cols, own, starts, row, head);
      gradients.run(ofWritten ? ofWritten + row * heads.count() : nullptr);
    }
  });
}

void glaGrad(Context& ctx, const GlaGradArgs& args) noexcept {
  const Heads heads = glaHeads(args, args.dy.cols);
  const float* bonus = args.bonus.data;
  const int64_t sequences = args.x.rows / args.seqLen, rows = args.x.rows;
  if (!bonus) {
    headGradients<false, Reads::after>(ctx, heads, args.outDx.data, args.dy.data, args.x.data, bonus,
                                       args.starts.data, sequences, nullptr);
    return;
  }
  float* ofWritten = ctx.scratch.get<float>(rows * heads.count());
  if (!ofWritten) return;
  headGradients<false, Reads::before>(ctx, heads, args.outDx.data, args.dy.data, args.x.data, bonus,
                                      args.starts.data, sequences, ofWritten);
  if (ctx.scratch.failed() || !args.accBonus.data) return;
  // The bonus is of all rows: its sum has the order of all sums over rows.
  float* accBonus = args.accBonus.data;
  const float* xs = args.x.data;
  const int64_t K = heads.keys, all = heads.count() * K;
  const auto onRow = [=](int64_t row, float* sums) {
    const float* x = xs + row * heads.cols();
    for (int64_t head = 0; head < heads.count(); head++) {
      const float* q = x + heads.q(head / heads.group);
      const float* k = x + heads.k(head / heads.group);
      const simd::Vec share = simd::broadcast(ofWritten[row * heads.count() + head]);
      float* sum = sums + head * K;
      eachVector(0, K, [=](int64_t i, auto part) {
        const simd::Vec product = simd::mul(take(q + i, part), take(k + i, part));
        put(sum + i, simd::fma(product, share, take(sum + i, part)), part);
      });
    }
  };
  eachRowWithSums(ctx, rows, all, all, onRow,
                  [=](const PartSums& sums) { foldParts(accBonus, all, sums, 0); });
}

void deltaGrad(Context& ctx, const DeltaGradArgs& args) noexcept {
  const Heads heads = deltaHeads(args, args.dy.cols);
  headGradients<true, Reads::after>(ctx, heads, args.outDx.data, args.dy.data, args.x.data, nullptr,
                                    args.starts.data, args.x.rows / args.seqLen, nullptr);
}

}  // namespace
}  // namespace flashlm
