#include <string.h>

#include "vectors.inl"

namespace flashlm {
namespace {

/** Copies `cols` columns of each row; strides count floats. */
inline void copyColumns(Context& ctx, float* to, int64_t toStride, const float* from, int64_t fromStride,
                        int64_t rows, int64_t cols) {
  const size_t bytes = static_cast<size_t>(cols) * sizeof(float);
  eachRow(ctx, rows, cols, [=](int64_t row) { memcpy(to + row * toStride, from + row * fromStride, bytes); });
}

void sliceColumns(Context& ctx, const SliceColumnsArgs& args) noexcept {
  copyColumns(ctx, args.out.data, args.out.cols, args.x.data + args.at, args.x.cols, args.out.rows,
              args.out.cols);
}

void pasteColumns(Context& ctx, const PasteColumnsArgs& args) noexcept {
  copyColumns(ctx, args.y.data + args.at, args.y.cols, args.x.data, args.x.cols, args.x.rows, args.x.cols);
}

}  // namespace
}  // namespace flashlm
