#pragma once

#include <stddef.h>
#include <stdint.h>

namespace flashlm {

/**
 * Memory a kernel needs for the length of one call. Blocks are kept between calls, so a training step
 * allocates nothing once every op has run. Only the calling thread may ask, before it enters a parallel
 * section.
 */
class Scratch {
 public:
  Scratch() = default;
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  /**
   * `count` values of uninitialised memory on a 64-byte boundary, valid until the call ends. Null when the
   * memory cannot be had: the kernel returns at once, and the binding reports it.
   */
  // Forced inline: an instance emitted by a file with wide instructions could be the one the linker keeps for
  // all.
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
 * A call that sums over rows, some rows at a time while they are in a core's caches: the kernel is entered
 * once for its `size`, then for runs of `rows` in any order and on any thread, then to `finish`. See
 * `eachRowWithSums`.
 */
struct RowSum {
  enum class Phase {
    /** Sets `bytes`: how much all rows together leave in `room`. Nothing else is read or written. */
    size,
    /** Does what the call does to the rows of its arguments, which are rows `begin`... of all, and leaves
     * their terms in `room`. `begin` is a multiple of PART_ROWS, or of ROW_CHUNK where an op is `packed`. */
    rows,
    /** Adds what all rows left to the sums. Other arguments are not touched. */
    finish,
  } phase;
  /** Rows of the whole call, and the first row of the arguments. */
  int64_t rows, begin;
  size_t bytes;
  /** On a 64-byte boundary. */
  uint8_t* room;
};

/** What a kernel is handed beside its arguments. One per engine: kernels have no static state. */
struct Context {
  int threads;
  Scratch scratch;
  /** Null where a call is made on all of its rows at once. */
  RowSum* sum = nullptr;
};

}  // namespace flashlm
