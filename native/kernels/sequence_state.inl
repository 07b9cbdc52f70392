#pragma once

#include <string.h>

#include "document_starts.inl"

namespace flashlm {
namespace {

/**
 * The last `past` rows of a sequence's state followed by its `rows` rows `x`, oldest first; zeros in the
 * place of rows before `first`, where the document of the last row begins.
 */
inline void shiftState(float* state, const float* x, int64_t past, int64_t rows, int64_t first, int64_t D) {
  const int64_t taken = rows < past ? rows : past, stays = past - taken;
  memmove(state, state + taken * D, stays * D * sizeof(float));
  memcpy(state + stays * D, x + (rows - taken) * D, taken * D * sizeof(float));
  const int64_t unseen = first > 0 ? past - (rows - first) : 0;
  if (unseen > 0) memset(state, 0, unseen * D * sizeof(float));
}

}  // namespace
}  // namespace flashlm
