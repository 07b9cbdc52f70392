#pragma once

#include <stddef.h>

#include <memory>
#include <vector>

#include "context.h"
#include "schedule.h"

namespace flashlm {

/** Runs a checked call. In an engine that rehearses it only takes its working memory. */
double runOp(const OpSpec& op, const KernelTable& table, Context& context, const Argument* values);

/** The kernel calls of a deferred region: they are recorded, and run later in the order of schedule.h. */
class DeferredRegion {
 public:
  explicit DeferredRegion(int threads) : threads_(threads) {}

  bool isOpen() const { return isOpen_; }
  void open();
  /** Ends the region; what is recorded still has to `run`. */
  void close() { isOpen_ = false; }
  /** `close`, and forgets what is recorded. */
  void discard();
  /** Calls since `open`, including those that `skip` counted. */
  size_t count() const { return count_; }
  void add(const OpSpec& op, const Argument* values);
  /** Counts a call that is not deferred. */
  void skip() { count_++; }

  /** The op that ran out of memory and the bytes that it needed; 0 bytes on success. */
  struct Outcome {
    const char* op;
    size_t bytes;
  };
  /**
   * Runs the recorded calls. `seconds`, which may be null, has an entry for each call since `open` and gets
   * the time of those that run; the time of tiled calls is divided in proportion to what the threads spent in
   * each. `transient` memory is not read after the calls: where only tiles use it, it is never written, and
   * tile memory replaces it.
   */
  Outcome run(const KernelTable& table, Context& context, const std::vector<Range>& transient,
              double* seconds);

  /** Bytes that calls of regions hold to work in, beside the engine's own scratch. */
  size_t workingBytes() const;

  /** A thread's memory for its tiles. */
  struct Worker {
    /** For kernels: one thread, and scratch for one call. */
    Context context{1, {}};
    /** Tile memory, for one group. */
    Scratch tiles;
  };

 private:
  const int threads_;
  bool isOpen_ = false;
  size_t count_ = 0;
  std::vector<Call> calls_;
  std::unique_ptr<Worker[]> workers_;
  /** The `room` of sums over rows, for one group. */
  Scratch sums_;
};

}  // namespace flashlm
