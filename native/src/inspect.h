#pragma once

#include <stdint.h>

/** Fast checks of memory for the checked backend, which JavaScript would do word by word on one thread. */
namespace flashlm {

/** A 52-bit checksum (exact as a double) that changes with any change within one 8-byte word. It does not
 * depend on the number of threads. */
double digestBytes(int threads, const uint8_t* bytes, int64_t count);

/** Index of the first NaN or infinity, or -1. */
int64_t findNonFinite(int threads, const float* values, int64_t count);

}  // namespace flashlm
