#include "batch.h"

#include <algorithm>

namespace flashlm {
namespace {

template <class Visit>
void eachUse(const Call& call, const Visit& visit) {
  for (int i = 0; i < call.op->argCount; i++) {
    const ArgSpec& spec = call.op->args[i];
    const Argument& value = call.values[i];
    if (spec.kind != Kind::tensor || !value.data) continue;
    const uintptr_t begin = reinterpret_cast<uintptr_t>(value.data);
    const int64_t rowBytes = isPerRow(call, i) ? value.cols * static_cast<int64_t>(bytesOf(spec.type)) : 0;
    visit(Use{{begin, begin + value.length * bytesOf(spec.type)}, rowBytes, spec.isWritten, spec.isOut, call.index});
  }
}

template <class Uses>
bool overlaps(const Uses& uses, const Range& range) {
  for (const Use& use : uses)
    if (use.overlaps(range)) return true;
  return false;
}

/** Whether threads that own whole chunks of the rows have about as much to do as each other. */
bool chunksSuit(int64_t rows, int threads) {
  const int64_t chunks = (rows + ROW_CHUNK - 1) / ROW_CHUNK, most = (chunks + threads - 1) / threads;
  return 8 * most * threads <= 9 * chunks;
}

Way wayOf(const Call& call, int threads, int64_t tileRows) {
  // With few rows for each thread, kernels that share out more than rows keep more of them busy.
  const int64_t rows = rowsOf(call);
  if (rows < tileRows * threads) return Way::whole;
  if (!call.op->packsRows) return Way::turns;
  return chunksSuit(rows, threads) ? Way::parts : Way::whole;
}

}  // namespace

bool isPerRow(const Call& call, int arg) {
  const ArgSpec& spec = call.op->args[arg];
  return spec.kind == Kind::tensor && call.op->rowSymbol != kNone && spec.rows.plain() == call.op->rowSymbol;
}

bool isSum(const Call& call, int arg) {
  return call.op->args[arg].isWritten && call.values[arg].data && !isPerRow(call, arg);
}

int64_t rowsOf(const Call& call) {
  for (int i = 0; i < call.op->argCount; i++)
    if (isPerRow(call, i) && call.values[i].data) return call.values[i].rows;
  return 0;
}

bool Batch::admits(const Call& call, Way way) const {
  // It runs after all that came before it.
  if (way == Way::whole) return true;
  if (!turns_.empty() && rowsOf(*turns_[0].call) != rowsOf(call)) return false;
  bool fits = true;
  eachUse(call, [&](const Use& use) {
    // The sum itself is added to afterwards.
    if (way == Way::parts && use.isWritten) return;
    for (const Use& before : turnUses_) fits &= !use.clashes(before) || use.sameRows(before);
    // Rows wait there until their chunk is full.
    for (const Use& waiting : packed_) fits &= !use.clashes(waiting);
    // It would overtake these.
    for (const Use& passed : afterUses_) fits &= !use.clashes(passed);
  });
  return fits;
}

void Batch::add(const Call& call, Way way) {
  if (way != Way::whole) turns_.push_back({&call, way});
  if (way != Way::turns) after_.push_back({&call, way});
  eachUse(call, [&](const Use& use) {
    const bool isAfter = way == Way::whole || (way == Way::parts && use.isWritten);
    (isAfter ? afterUses_ : turnUses_).push_back(use);
    if (way == Way::parts && !use.isWritten) packed_.push_back(use);
  });
}

std::vector<const Call*> Batch::inOrder() const {
  std::vector<const Call*> calls;
  for (const Member& member : turns_) calls.push_back(member.call);
  for (const Member& member : after_)
    if (member.way == Way::whole) calls.push_back(member.call);
  std::sort(calls.begin(), calls.end(), [](const Call* a, const Call* b) { return a->index < b->index; });
  return calls;
}

bool Batch::isWorthTurns() const {
  int calls = 0;
  for (const Member& member : turns_) calls += member.way == Way::turns;
  return calls >= 1 && turns_.size() >= 2;
}

bool Batch::touches(const Range& range) const { return overlaps(turnUses_, range) || overlaps(afterUses_, range); }

bool Batch::packs(const Range& range) const { return overlaps(packed_, range); }

int64_t Batch::rowBytesOf(const Range& range) const {
  if (overlaps(afterUses_, range)) return 0;
  const Use* first = nullptr;
  for (const Use& use : turnUses_) {
    if (!use.overlaps(range)) continue;
    if (!first) first = &use;
    // Later calls use the same rows: any others would have clashed with the first.
    if (use.index == first->index && !(use == range && use.isOut)) return 0;
  }
  return first ? first->rowBytes : 0;
}

std::vector<Batch> batchesOf(const std::vector<Call>& calls, int threads, int64_t tileRows) {
  std::vector<Batch> batches(1);
  for (const Call& call : calls) {
    const Way way = wayOf(call, threads, tileRows);
    if (!batches.back().admits(call, way)) batches.emplace_back();
    batches.back().add(call, way);
  }
  return batches;
}

}  // namespace flashlm
