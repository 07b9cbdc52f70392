#include <string.h>

#include "sequence_state.inl"
#include "vectors.inl"

// Delays the rows of each sequence by a number of rows.
namespace flashlm {
namespace {

void delay(Context& ctx, const DelayArgs& args) noexcept {
  const int64_t D = args.x.cols, seqLen = args.seqLen, by = args.state.rows / (args.x.rows / seqLen);
  float* outs = args.out.data;
  float* states = args.state.data;
  const float* xs = args.x.data;
  const int32_t* starts = args.starts.data;
  eachRow(ctx, args.x.rows, D, [=](int64_t row) {
    const int64_t t = row % seqLen, first = firstSeen(starts, row);
    if (first > 0 && t - by < first) {
      memset(outs + row * D, 0, D * sizeof(float));
      return;
    }
    const float* from = t < by ? states + (row / seqLen * by + t) * D : xs + (row - by) * D;
    memcpy(outs + row * D, from, D * sizeof(float));
  });
  // After the loop, which reads the old state.
  eachRow(ctx, args.x.rows / seqLen, by * D, [=](int64_t sequence) {
    shiftState(states + sequence * by * D, xs + sequence * seqLen * D, by, seqLen,
               firstSeen(starts, (sequence + 1) * seqLen - 1), D);
  });
}

void delayGrad(Context& ctx, const DelayGradArgs& args) noexcept {
  const int64_t D = args.dy.cols, seqLen = args.seqLen, by = args.by;
  float* dxs = args.outDx.data;
  const float* dys = args.dy.data;
  const int32_t* starts = args.starts.data;
  eachRow(ctx, args.dy.rows, D, [=](int64_t row) {
    float* dx = dxs + row * D;
    const int64_t t = row % seqLen;
    if (t + by < seqLen && firstSeen(starts, row + by) <= t)
      memcpy(dx, dys + (row + by) * D, D * sizeof(float));
    else memset(dx, 0, D * sizeof(float));
  });
}

}  // namespace
}  // namespace flashlm
