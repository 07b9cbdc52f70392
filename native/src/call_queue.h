#pragma once

#include <stddef.h>

#include <memory>
#include <vector>

#include "batch.h"
#include "context.h"

namespace flashlm {

/**
 * Kernel calls that wait, so that they can run together. Row-wise calls in a row then go through a tile of rows one after
 * another, and what one wrote is in its core's nearest caches when the next reads it; any other call waits for them, as
 * long as none of them has to do with what it reads or writes. Every value is the same to the bit as when the calls run
 * one by one: which rows are computed together shows in no result.
 */
class CallQueue {
 public:
  explicit CallQueue(int threads) : threads_(threads) {}

  bool isOpen() const { return isOpen_; }
  void open();
  /** Ends waiting; what is in the queue still has to `run`. */
  void close() { isOpen_ = false; }
  /** `close`, and forgets what is in the queue. */
  void discard();
  /** Calls since `open`, also those that `skip` counted. */
  size_t count() const { return count_; }
  void add(const OpSpec& op, const Argument* values);
  /** A call that does not wait. */
  void skip() { count_++; }

  /** What could not be had, and for whom; `bytes` is 0 when all went well. */
  struct Outcome {
    const char* op;
    size_t bytes;
  };
  /**
   * Runs what waits. `seconds`, which may be null, has a place for each call since `open` and gets the time of those that
   * run: of calls that took turns, each the share of the whole that the threads spent in it. Nobody reads `transient`
   * memory once the calls have run: where only turns on tiles use it, it is not written at all, and tiles are kept in its
   * place that never leave a core's caches.
   */
  Outcome run(const KernelTable& table, Context& context, const std::vector<Range>& transient, double* seconds);

  /** What a thread has for its tiles. */
  struct Worker {
    /** Of kernels: one thread, and memory for the length of a call. */
    Context context{1, {}};
    /** For the length of a batch. */
    Scratch tiles;
  };

 private:
  const int threads_;
  bool isOpen_ = false;
  size_t count_ = 0;
  std::vector<Call> calls_;
  std::unique_ptr<Worker[]> workers_;
  /** Rows that are packed for the length of a batch. */
  Scratch packed_;
};

}  // namespace flashlm
