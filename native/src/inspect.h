#pragma once

#include <stdint.h>

/** Quick looks at memory for the backends that check: what JavaScript would do word by word, on one thread.
 */
namespace flashlm {

/** A 52-bit checksum (exact as a double) that any change within one 8-byte word alters. The same for any
 * number of threads. */
double digestBytes(int threads, const uint8_t* bytes, int64_t count);

/** Index of the first value that is NaN or infinite; -1 where there is none. */
int64_t findNonFinite(int threads, const float* values, int64_t count);

}  // namespace flashlm
