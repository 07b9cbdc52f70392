#pragma once

#include <stddef.h>
#include <stdint.h>

namespace flashlm {

/**
 * Memory a kernel needs for the length of one call. Blocks are kept between calls, so a training step allocates
 * nothing once every op has run. Only the calling thread may ask, before it enters a parallel section.
 */
class Scratch {
 public:
  Scratch() = default;
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  /**
   * `count` values of uninitialised memory on a 64-byte boundary, valid until the call ends. Null when the memory
   * cannot be had: the kernel returns at once, and the binding reports it.
   */
  // Forced inline: an instance emitted by a file with wide instructions could be the one the linker keeps for all.
  template <class T>
  __attribute__((always_inline)) T* get(size_t count) {
    return static_cast<T*>(bytes(count, sizeof(T)));
  }

  /** Ends the life of all memory given out. Called by the binding before each kernel. */
  void reset();
  /** The number of bytes that could not be had since `reset`, or 0. */
  size_t failed() const { return failed_; }

 private:
  struct Block;

  void* bytes(size_t count, size_t size);
  void release();

  Block* blocks_ = nullptr;  // the newest first; pointers into older ones stay valid during the call
  size_t failed_ = 0;
};

/**
 * A part of a call that sums over rows: they are packed as they come, while they are in a core's caches, and multiplied when
 * all are there.
 */
struct RowSumPart {
  /** To find out how many `bytes` all packed rows take; to pack rows, whole chunks of them but for the last; to multiply. */
  enum class Phase { size, pack, multiply } phase;
  /** Of the whole sum. In `pack`, arguments have some of them, from `begin` on. */
  int64_t rows, begin;
  size_t bytes;
  /** On a 64-byte boundary. */
  uint8_t* room;
};

/** What a kernel is handed beside its arguments. One per engine: kernels have no static state. */
struct Context {
  int threads;
  Scratch scratch;
  /** Null for a whole call. */
  RowSumPart* part = nullptr;
};

}  // namespace flashlm
