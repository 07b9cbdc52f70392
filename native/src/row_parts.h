#pragma once

#include <stdint.h>

namespace flashlm {

/**
 * Sums over rows, one for each column, are formed in parts of this many rows, in order, and these are added up for each
 * ROW_CHUNK: more parts than chunks keep more threads busy.
 */
constexpr int64_t PART_ROWS = 32;

}  // namespace flashlm
