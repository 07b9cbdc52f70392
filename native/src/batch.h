#pragma once

#include <stddef.h>
#include <stdint.h>

#include <vector>

#include "arguments.h"

/** Which calls may take turns on tiles of rows, and which memory only they need. */
namespace flashlm {

/** A checked call of a kernel. */
struct Call {
  const OpSpec* op;
  Argument values[kMostArgs];
  /** Which call it is of those since the queue was opened. */
  size_t index;
};

/** Whether an argument has a row for each of the call's. */
bool isPerRow(const Call& call, int arg);
/** Whether an argument is a sum over the call's rows. */
bool isSum(const Call& call, int arg);
/** Rows of a call that goes by rows, else 0. */
int64_t rowsOf(const Call& call);

struct Range {
  uintptr_t begin, end;

  bool overlaps(const Range& other) const { return begin < other.end && other.begin < end; }
  bool operator==(const Range& other) const { return begin == other.begin && end == other.end; }
};

/** Memory that a call uses; `rowBytes` is 0 where it is not used row by row. */
struct Use : Range {
  int64_t rowBytes;
  bool isWritten, isOut;
  /** Of the call. */
  size_t index;

  bool clashes(const Use& other) const { return overlaps(other) && (isWritten || other.isWritten); }
  /** Row i is the same memory to both. */
  bool sameRows(const Use& other) const { return rowBytes && rowBytes == other.rowBytes && begin == other.begin; }
};

/** How a call runs. */
enum class Way {
  /** On a tile of rows at a time, in turns with others. */
  turns,
  /** A sum: in turns with others a chunk of its rows is packed at a time, and multiplied after them. */
  parts,
  /** As a whole, after them. */
  whole,
};

/** Calls that take turns, and those that come after all of these. */
class Batch {
 public:
  /** Whether the call, which comes next, leaves every value what it is when the calls run one by one. */
  bool admits(const Call& call, Way way) const;
  void add(const Call& call, Way way);

  struct Member {
    const Call* call;
    Way way;
  };
  /** In `turns` or `parts`. */
  const std::vector<Member>& turns() const { return turns_; }
  /** In `parts`, of which the last one is left, or `whole`. */
  const std::vector<Member>& after() const { return after_; }
  /** All calls as they were made. */
  std::vector<const Call*> inOrder() const;
  /** Nothing is gained by turns of one call, or of sums alone. */
  bool isWorthTurns() const;
  bool hasParts() const { return !packed_.empty(); }

  bool touches(const Range& range) const;
  /** Bytes of a row of memory that only turns use, the first of them writing it; else 0. */
  int64_t rowBytesOf(const Range& range) const;
  /** Whether rows of it are packed. */
  bool packs(const Range& range) const;

 private:
  std::vector<Member> turns_, after_;
  std::vector<Use> turnUses_, packed_, afterUses_;
};

/** Calls in their order, in as few batches as that allows, with the way that each takes. */
std::vector<Batch> batchesOf(const std::vector<Call>& calls, int threads, int64_t tileRows);

}  // namespace flashlm
