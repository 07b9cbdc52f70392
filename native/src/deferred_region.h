#pragma once

#include <stddef.h>

#include <memory>
#include <vector>

#include "context.h"
#include "schedule.h"

namespace flashlm {

/** The kernel calls of a deferred region: they are recorded, and run later as schedule.h says. */
class DeferredRegion {
 public:
  explicit DeferredRegion(int threads) : threads_(threads) {}

  bool isOpen() const { return isOpen_; }
  void open();
  /** Ends the region; what is recorded still has to `run`. */
  void close() { isOpen_ = false; }
  /** `close`, and forgets what is recorded. */
  void discard();
  /** Calls since `open`, also those that `skip` counted. */
  size_t count() const { return count_; }
  void add(const OpSpec& op, const Argument* values);
  /** A call that is not deferred. */
  void skip() { count_++; }

  /** The bytes that an op could not get to work in; 0 when all went well. */
  struct Outcome {
    const char* op;
    size_t bytes;
  };
  /**
   * Runs what is recorded. `seconds`, which may be null, has a place for each call since `open` and gets the
   * time of those that run: of calls in tiles, each the share of the whole that the threads spent in it.
   * Nobody reads `transient` memory once the calls have run: where only tiles use it, it is never written,
   * and tile memory serves in its place.
   */
  Outcome run(const KernelTable& table, Context& context, const std::vector<Range>& transient,
              double* seconds);

  /** What a thread has for its tiles. */
  struct Worker {
    /** Of kernels: one thread, and memory for the length of a call. */
    Context context{1, {}};
    /** For the length of a group. */
    Scratch tiles;
  };

 private:
  const int threads_;
  bool isOpen_ = false;
  size_t count_ = 0;
  std::vector<Call> calls_;
  std::unique_ptr<Worker[]> workers_;
  /** What sums over rows keep for the length of a group. */
  Scratch sums_;
};

}  // namespace flashlm
