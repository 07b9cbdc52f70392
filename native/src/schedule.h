#pragma once

#include <stddef.h>
#include <stdint.h>

#include <vector>

#include "arguments.h"
#include "../generated/work_shares.h"

/**
 * When the calls of a deferred region run. Every value has the same bits as when the calls run one by one.
 *
 * An example: the end of a block's backward, three calls on 1,024 rows, two threads. `du` is scratch that
 * nothing outside the region reads.
 *
 *   1. siluGrad(du, dy, slope)           tiled:  row i of du depends on row i of dy and slope only
 *   2. ternaryMatmulGradW(accW, du, q)   packed: a sum over all rows, which packs before it multiplies
 *   3. rmsNormGrad(dx, accGain, du, ..)  tiled:  and accGain is a sum over all rows
 *
 * All three fit one group: where two of them use the same memory and one writes it, row i is the same bytes
 * to both. Each thread takes half of the rows, and 64 of them at a time through all calls, so that what one
 * call writes is in the core's second level cache when the next one reads it:
 *
 *   thread 0                                     thread 1
 *   rows 0-63:     1, 3                          rows 512-575:  1, 3
 *   rows 64-127:   1, 3                          rows 576-639:  1, 3
 *   rows 128-191:  1, 3                          rows 640-703:  1, 3
 *   rows 192-255:  1, 2 packs rows 0-255, 3      rows 704-767:  1, 2 packs rows 512-767, 3
 *   rows 256-319:  1, 3   and so on to row 511   rows 768-831:  1, 3   and so on to row 1023
 *
 * Sums over rows are formed in parts of 32 rows, and a part lies in one tile: while it runs, call 3 leaves a
 * sum for each part. After the tiles it adds the parts to accGain in order, as it does alone, and call 2
 * multiplies what is packed. Rows of `du` only have to survive until the chunk of 256 that they are in is
 * packed: each thread keeps 256 rows of it in its tile memory, and du itself is never written.
 *
 * A fourth call matmulTransA(acc, dx, y) would be serial: it runs on all rows, after the tiles. A fifth call
 * that writes dx could not run before it, and would begin the next group.
 *
 * With tokenShift in the place of call 1 (sequences of 128 rows), which reads the row before each, tiles are
 * whole sequences: rows 0-127 go through call 1, then by 64 rows through the calls after it, then rows
 * 128-255 do.
 */
namespace flashlm {

/** How a call runs. */
enum class Schedule {
  /** Tile by tile, between the calls before and after it. */
  tiled,
  /** A sum over rows: packs its operands as soon as a chunk of rows is complete, and multiplies after all
     tiles. */
  packed,
  /** On all rows, after the tiles. */
  serial,
};

/**
 * Rows that go through all row-wise calls of a group before the next rows do: few enough that what one call
 * writes stays in a core's second level cache for the next one.
 */
constexpr int64_t kTileRows = 64;
static_assert(kTileRows % PART_ROWS == 0 && ROW_CHUNK % PART_ROWS == 0,
              "a part of a sum lies in one tile and one chunk");
static_assert(ROW_CHUNK % kTileRows == 0, "a chunk is whole tiles");

/** A checked call of a kernel. */
struct Call {
  const OpSpec* op;
  Argument values[kMaxArgs];
  /** Its index among the calls of the region. */
  size_t index;
};

/** Whether an argument is cut with the call: it has one row per row, or the same number per sequence. */
bool isCut(const Call& call, int arg);
/** Whether an argument is a sum over the call's rows. */
bool isSum(const Call& call, int arg);
/** The rows of a call that can be cut into tiles, else 0. */
int64_t rowsOf(const Call& call);
/** Rows that must stay in one tile: those of a sequence, or 1. */
int64_t unitOf(const Call& call);

struct Range {
  uintptr_t begin, end;

  bool overlaps(const Range& other) const { return begin < other.end && other.begin < end; }
  bool operator==(const Range& other) const { return begin == other.begin && end == other.end; }
};

/** Memory that a call uses. */
struct Use : Range {
  bool isCut, isWritten, isOut;
  /** The call's. */
  size_t index;

  bool clashes(const Use& other) const { return overlaps(other) && (isWritten || other.isWritten); }
  /** Both calls have the same number of rows, and row i is the same bytes to both. */
  bool sameRows(const Use& other) const { return isCut && other.isCut && *this == other; }
};

/** Calls that go through tiles together, and the calls that run after all tiles. */
class Group {
 public:
  explicit Group(int threads) : threads_(threads) {}

  /** Whether the next call can join: every value must be the same as when the calls run one by one. */
  bool admits(const Call& call, Schedule schedule) const;
  void add(const Call& call, Schedule schedule);

  struct Member {
    const Call* call;
    Schedule schedule;
  };
  /** Tiled or packed, in their order. */
  const std::vector<Member>& tiled() const { return tiled_; }
  /** Packed, whose products run after the tiles, or serial. */
  const std::vector<Member>& after() const { return after_; }
  /** All calls in their order. */
  std::vector<const Call*> inOrder() const;
  /** Fusing pays off only for two or more calls, at least one of them tiled. */
  bool isWorthTiles() const;

  /** Rows of a tile: whole sequences where a call needs them. */
  int64_t tileRows() const;
  /** A thread gets a multiple of so many rows: a tile, or a chunk where rows are packed. */
  int64_t grain() const;

  bool touches(const Range& range) const;
  /** Bytes per row of memory that only tiles use and the first call writes; else 0. */
  int64_t rowBytesInTiles(const Range& range) const;
  /** Rows of tile memory that a thread needs in place of such memory. */
  int64_t rowsInTiles(const Range& range) const;

 private:
  const int threads_;
  int64_t unit_ = 1;
  std::vector<Member> tiled_, after_;
  std::vector<Use> tiledUses_, packedUses_, afterUses_;
};

/** Calls in their order, in as few groups as that allows. */
std::vector<Group> groupsOf(const std::vector<Call>& calls, int threads);

}  // namespace flashlm
