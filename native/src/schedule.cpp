#include "schedule.h"

#include <algorithm>
#include <numeric>

namespace flashlm {
namespace {

/**
 * A call that needs whole sequences goes through tiles where a tile of its tensors is no larger than this:
 * about what a core's second level cache holds.
 */
constexpr int64_t kMaxTileBytes = 1 << 20;

template <class Visit>
void eachUse(const Call& call, const Visit& visit) {
  for (int i = 0; i < call.op->argCount; i++) {
    const ArgSpec& spec = call.op->args[i];
    const Argument& value = call.values[i];
    if (spec.kind != Kind::tensor || !value.data) continue;
    const uintptr_t begin = reinterpret_cast<uintptr_t>(value.data);
    visit(Use{{begin, begin + value.length * bytesOf(spec.type)},
              isCut(call, i),
              spec.isWritten,
              spec.isOut,
              call.index});
  }
}

template <class Uses>
bool overlaps(const Uses& uses, const Range& range) {
  for (const Use& use : uses)
    if (use.overlaps(range)) return true;
  return false;
}

/** Whether threads are balanced within 1/8 when each gets whole grains of the rows. */
bool isBalanced(int64_t rows, int64_t grain, int threads) {
  const int64_t grains = (rows + grain - 1) / grain, most = (grains + threads - 1) / threads;
  return 8 * most * threads <= 9 * grains;
}

/** The rows of a tile of whole units and whole parts of sums. */
int64_t tileRowsFor(int64_t unit) {
  const int64_t whole = std::lcm(unit, PART_ROWS);
  return whole * std::max<int64_t>(1, kTileRows / whole);
}

/** Whether tiles and chunks of packed rows end together, whichever is longer. */
bool fitsChunks(int64_t tile) { return tile % ROW_CHUNK == 0 || ROW_CHUNK % tile == 0; }

/** Whether a core's cache holds a call's rows of one tile. */
bool fitsCache(const Call& call, int64_t tile) {
  int64_t bytes = 0;
  eachUse(call, [&](const Use& use) { bytes += use.isCut ? static_cast<int64_t>(use.end - use.begin) : 0; });
  return bytes / rowsOf(call) * tile <= kMaxTileBytes;
}

Schedule scheduleOf(const Call& call, int threads) {
  const int64_t rows = rowsOf(call), unit = unitOf(call);
  // With few rows for each thread, kernels that share out more than rows keep more of them busy.
  if (rows < kTileRows * threads) return Schedule::serial;
  if (call.op->packsRows) return isBalanced(rows, ROW_CHUNK, threads) ? Schedule::packed : Schedule::serial;
  if (unit == 1) return Schedule::tiled;
  const int64_t tile = tileRowsFor(unit);
  return isBalanced(rows, tile, threads) && fitsCache(call, tile) ? Schedule::tiled : Schedule::serial;
}

}  // namespace

bool isCut(const Call& call, int arg) { return call.op->args[arg].isCut; }

bool isSum(const Call& call, int arg) {
  return call.op->args[arg].isWritten && call.values[arg].data && !isCut(call, arg);
}

int64_t rowsOf(const Call& call) {
  return call.op->rowsArg == kNone ? 0 : call.values[call.op->rowsArg].rows;
}

int64_t unitOf(const Call& call) {
  return call.op->seqLenArg == kNone ? 1 : static_cast<int64_t>(call.values[call.op->seqLenArg].number);
}

bool Group::admits(const Call& call, Schedule schedule) const {
  // It runs after all that came before it.
  if (schedule == Schedule::serial) return true;
  if (!tiled_.empty()) {
    if (rowsOf(*tiled_[0].call) != rowsOf(call)) return false;
    const int64_t unit = unitOf(call), longest = std::max(unit, unit_);
    if (unit != 1 && unit_ != 1 && unit != unit_) return false;
    const bool packs = schedule == Schedule::packed || !packedUses_.empty();
    const int64_t tile = tileRowsFor(longest);
    if (longest != 1 && packs &&
        !(fitsChunks(tile) && isBalanced(rowsOf(call), std::max(tile, ROW_CHUNK), threads_)))
      return false;
  }
  bool fits = true;
  eachUse(call, [&](const Use& use) {
    // The sum itself is added to afterwards.
    if (schedule == Schedule::packed && use.isWritten) return;
    for (const Use& before : tiledUses_) fits &= !use.clashes(before) || use.sameRows(before);
    // Rows wait there until their chunk is full.
    for (const Use& waiting : packedUses_) fits &= !use.clashes(waiting);
    // It would overtake these.
    for (const Use& passed : afterUses_) fits &= !use.clashes(passed);
  });
  return fits;
}

void Group::add(const Call& call, Schedule schedule) {
  if (schedule != Schedule::serial) {
    tiled_.push_back({&call, schedule});
    unit_ = std::max(unit_, unitOf(call));
  }
  if (schedule != Schedule::tiled) after_.push_back({&call, schedule});
  eachUse(call, [&](const Use& use) {
    const bool isAfter = schedule == Schedule::serial || (schedule == Schedule::packed && use.isWritten);
    (isAfter ? afterUses_ : tiledUses_).push_back(use);
    if (schedule == Schedule::packed && !use.isWritten) packedUses_.push_back(use);
  });
}

std::vector<const Call*> Group::inOrder() const {
  std::vector<const Call*> calls;
  for (const Member& member : tiled_) calls.push_back(member.call);
  for (const Member& member : after_)
    if (member.schedule == Schedule::serial) calls.push_back(member.call);
  std::sort(calls.begin(), calls.end(), [](const Call* a, const Call* b) { return a->index < b->index; });
  return calls;
}

bool Group::isWorthTiles() const {
  int calls = 0;
  for (const Member& member : tiled_) calls += member.schedule == Schedule::tiled;
  return calls >= 1 && tiled_.size() >= 2;
}

int64_t Group::tileRows() const { return tileRowsFor(unit_); }

int64_t Group::grain() const { return packedUses_.empty() ? tileRows() : std::max(tileRows(), ROW_CHUNK); }

bool Group::touches(const Range& range) const {
  return overlaps(tiledUses_, range) || overlaps(afterUses_, range);
}

int64_t Group::rowBytesInTiles(const Range& range) const {
  if (overlaps(afterUses_, range)) return 0;
  const Use* first = nullptr;
  for (const Use& use : tiledUses_) {
    if (!use.overlaps(range)) continue;
    if (!first) first = &use;
    // Later calls use the same rows: any others would have clashed with the first.
    if (use.index == first->index && !(use == range && use.isOut)) return 0;
  }
  if (!first || !first->isCut) return 0;
  const int64_t bytes = static_cast<int64_t>(first->end - first->begin), rows = rowsOf(*tiled_[0].call);
  return bytes % rows == 0 ? bytes / rows : 0;
}

int64_t Group::rowsInTiles(const Range& range) const {
  return overlaps(packedUses_, range) ? std::max(tileRows(), ROW_CHUNK) : tileRows();
}

std::vector<Group> groupsOf(const std::vector<Call>& calls, int threads) {
  std::vector<Group> groups(1, Group(threads));
  for (const Call& call : calls) {
    const Schedule schedule = scheduleOf(call, threads);
    if (!groups.back().admits(call, schedule)) groups.emplace_back(threads);
    groups.back().add(call, schedule);
  }
  return groups;
}

}  // namespace flashlm
