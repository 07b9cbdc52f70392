#include "inspect.h"

#include <string.h>

#include <vector>

#include "parallel.h"

namespace flashlm {
namespace {

/** Bytes per chunk: threads take whole chunks, so that a chunk's digest does not depend on the threads. */
constexpr int64_t kChunkBytes = 1 << 16;

constexpr uint64_t kPrime = 0x9e3779b97f4a7c15;

/**
 * Each operation is invertible, so no difference is lost. Without the shift, a change of the top bit (a sign)
 * would stay in the top bit, and two such changes would cancel.
 */
uint64_t mix(uint64_t hash, uint64_t word) {
  const uint64_t product = (hash ^ word) * kPrime;
  return product ^ product >> 32;
}

uint64_t rotate(uint64_t x, int by) { return x << by | x >> (64 - by); }

uint64_t loadWord(const uint8_t* bytes, int64_t count) {
  uint64_t word = 0;
  memcpy(&word, bytes, static_cast<size_t>(count));
  return word;
}

uint64_t digestChunk(const uint8_t* bytes, int64_t count) {
  // Several independent chains hide the latency of the multiplication.
  constexpr int kLanes = 8;
  uint64_t hash[kLanes] = {1, 2, 3, 4, 5, 6, 7, 8};
  int64_t at = 0;
  for (; at + 8 * kLanes <= count; at += 8 * kLanes) {
#pragma GCC unroll 8
    for (int lane = 0; lane < kLanes; lane++)
      hash[lane] = mix(hash[lane], loadWord(bytes + at + 8 * lane, 8));
  }
  for (; at < count; at += 8) hash[0] = mix(hash[0], loadWord(bytes + at, count - at < 8 ? count - at : 8));
  uint64_t joined = 0;
  for (int lane = 0; lane < kLanes; lane++) joined = mix(rotate(joined, 7), hash[lane]);
  return joined;
}

int64_t firstNonFinite(const float* values, int64_t count) {
  constexpr uint32_t kExponent = 0x7f800000;
  constexpr int64_t kStep = 1024;
  for (int64_t begin = 0; begin < count; begin += kStep) {
    const int64_t end = begin + kStep < count ? begin + kStep : count;
    uint32_t found = 0;
    for (int64_t i = begin; i < end; i++) {
      uint32_t bits;
      memcpy(&bits, values + i, sizeof bits);
      found |= (bits & kExponent) == kExponent;
    }
    if (!found) continue;
    for (int64_t i = begin; i < end; i++) {
      uint32_t bits;
      memcpy(&bits, values + i, sizeof bits);
      if ((bits & kExponent) == kExponent) return i;
    }
  }
  return -1;
}

/** Chunks worth a separate thread. */
constexpr int64_t kGrain = 4;

}  // namespace

double digestBytes(int threads, const uint8_t* bytes, int64_t count) {
  const int64_t chunks = (count + kChunkBytes - 1) / kChunkBytes;
  std::vector<uint64_t> parts(static_cast<size_t>(chunks));
  parallelRows(threads, chunks, kGrain, [&](int64_t begin, int64_t end, int) {
    for (int64_t chunk = begin; chunk < end; chunk++) {
      const int64_t first = chunk * kChunkBytes, rest = count - first;
      parts[static_cast<size_t>(chunk)] = digestChunk(bytes + first, rest < kChunkBytes ? rest : kChunkBytes);
    }
  });
  uint64_t hash = kPrime;
  for (uint64_t part : parts) hash = mix(hash, part);
  // The upper bits, because the lower bits of a product depend on fewer bits of its factors.
  return static_cast<double>(hash >> 12);
}

int64_t findNonFinite(int threads, const float* values, int64_t count) {
  constexpr int64_t kChunk = kChunkBytes / static_cast<int64_t>(sizeof(float));
  const int64_t chunks = (count + kChunk - 1) / kChunk;
  std::vector<int64_t> parts(static_cast<size_t>(chunks));
  parallelRows(threads, chunks, kGrain, [&](int64_t begin, int64_t end, int) {
    for (int64_t chunk = begin; chunk < end; chunk++) {
      const int64_t first = chunk * kChunk, rest = count - first;
      const int64_t at = firstNonFinite(values + first, rest < kChunk ? rest : kChunk);
      parts[static_cast<size_t>(chunk)] = at < 0 ? at : first + at;
    }
  });
  for (int64_t at : parts)
    if (at >= 0) return at;
  return -1;
}

}  // namespace flashlm
