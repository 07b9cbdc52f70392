#pragma once

#include <string.h>

namespace flashlm {
namespace {

/** The last `past` rows of a sequence's state followed by its `rows` rows `x`, oldest first. */
inline void shiftState(float* state, const float* x, int64_t past, int64_t rows, int64_t D) {
  const int64_t taken = rows < past ? rows : past, stays = past - taken;
  memmove(state, state + taken * D, stays * D * sizeof(float));
  memcpy(state + stays * D, x + (rows - taken) * D, taken * D * sizeof(float));
}

}  // namespace
}  // namespace flashlm
