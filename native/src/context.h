#pragma once

#include <stddef.h>
#include <stdint.h>

namespace flashlm {

/**
 * Memory that a kernel needs during one call. Blocks are kept between calls, so a training step allocates
 * nothing once every op has run. Only the calling thread may use it, before it enters a parallel section.
 */
class Scratch {
 public:
  Scratch() = default;
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  // Inline functions here are forced inline: otherwise the linker could keep the instance of a file with wide
  // instructions for all files.

  /**
   * `count` values of uninitialised memory on a 64-byte boundary, valid until the call ends. Null when out
   * of memory: the kernel returns at once, and the binding reports it.
   */
  template <class T>
  __attribute__((always_inline)) T* get(size_t count) {
    return static_cast<T*>(bytes(count, sizeof(T)));
  }

  /** Takes back all memory. Called by the binding before each kernel. */
  void reset();
  /** Bytes that it holds. */
  size_t size() const;
  /** The size of an allocation that has failed since `reset`, or 0. */
  __attribute__((always_inline)) size_t failed() const { return failed_; }

 private:
  struct Block;

  void* bytes(size_t count, size_t size);
  void release();

  Block* blocks_ = nullptr;  // the newest first; pointers into older ones stay valid during the call
  size_t failed_ = 0;
};

/**
 * A call that sums over rows, run tile by tile while rows are in a core's caches: the kernel is called once
 * with phase `size`, then with `rows` for ranges of rows in any order and on any thread, then with `finish`.
 * See `eachRowWithSums`.
 */
struct RowSum {
  enum class Phase {
    /** Only sets `bytes`, the size of `room` for all rows. */
    size,
    /** Computes the rows of its arguments, the first of which is row `begin` of the call, and stores their
     * terms of the sums in `room`. `begin` is a multiple of PART_ROWS, or of ROW_CHUNK where an op is
     * `packed`. */
    rows,
    /** Adds the terms in `room` to the sums. Other arguments are not touched. */
    finish,
  } phase;
  /** Rows of the whole call, and the first row of the arguments. */
  int64_t rows, begin;
  size_t bytes;
  /** On a 64-byte boundary. */
  uint8_t* room;
};

/** What a kernel gets besides its arguments. One per engine: kernels have no static state. */
struct Context {
  int threads;
  Scratch scratch;
  /** Null when the call runs on all of its rows at once. */
  RowSum* sum = nullptr;
  /** Calls take their working memory, and compute nothing. */
  bool rehearses = false;
};

}  // namespace flashlm
