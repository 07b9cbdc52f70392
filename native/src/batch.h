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
/** Rows of a row-wise call, else 0. */
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

  bool clashes(const Use& other) const { return overlaps(other) && (isWritten || other.isWritten); }
  /** Row i is the same memory to both. */
  bool sameRows(const Use& other) const { return rowBytes && rowBytes == other.rowBytes && begin == other.begin; }
};

/** Row-wise calls that take turns on tiles of rows, and the calls that come after all of these. */
class Batch {
 public:
  /** Whether the call, which comes next, leaves every value what it is when the calls run one by one. */
  bool admits(const Call& call, bool inTiles) const;
  void add(const Call& call, bool inTiles);

  const std::vector<const Call*>& tiled() const { return tiled_; }
  const std::vector<const Call*>& after() const { return after_; }

  bool touches(const Range& range) const;
  /** Bytes of a row of memory that only turns on tiles use, the first of them writing it; else 0. */
  int64_t rowBytesOf(const Range& range) const;

 private:
  std::vector<const Call*> tiled_, after_;
  std::vector<Use> tiledUses_, afterUses_;
};

/** Calls in their order, in as few batches as that allows; those of at least `leastRows` rows take turns. */
std::vector<Batch> batchesOf(const std::vector<Call>& calls, int64_t leastRows);

}  // namespace flashlm
