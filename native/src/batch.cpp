#include "batch.h"

namespace flashlm {
namespace {

template <class Visit>
void eachUse(const Call& call, const Visit& visit) {
  for (int i = 0; i < call.op->argCount; i++) {
    const ArgSpec& spec = call.op->args[i];
    const Argument& value = call.values[i];
    if (spec.kind != Kind::tensor || !value.data) continue;
    const uintptr_t begin = reinterpret_cast<uintptr_t>(value.data);
    const int64_t rowBytes = value.cols * static_cast<int64_t>(bytesOf(spec.type));
    visit(Use{{begin, begin + value.length * bytesOf(spec.type)}, isPerRow(call, i) ? rowBytes : 0, spec.isWritten, spec.isOut});
  }
}

}  // namespace

bool isPerRow(const Call& call, int arg) {
  const ArgSpec& spec = call.op->args[arg];
  return spec.kind == Kind::tensor && call.op->rowSymbol != kNone && spec.rows.symbol == call.op->rowSymbol;
}

bool isSum(const Call& call, int arg) {
  return call.op->args[arg].isWritten && call.values[arg].data && !isPerRow(call, arg);
}

int64_t rowsOf(const Call& call) {
  for (int i = 0; i < call.op->argCount; i++)
    if (isPerRow(call, i) && call.values[i].data) return call.values[i].rows;
  return 0;
}

bool Batch::admits(const Call& call, bool inTiles) const {
  // What does not take turns runs after all that came before it.
  if (!inTiles) return true;
  if (!tiled_.empty() && rowsOf(*tiled_[0]) != rowsOf(call)) return false;
  bool fits = true;
  eachUse(call, [&](const Use& use) {
    for (const Use& before : tiledUses_) fits &= !use.clashes(before) || use.sameRows(before);
    // It would overtake these.
    for (const Use& passed : afterUses_) fits &= !use.clashes(passed);
  });
  return fits;
}

void Batch::add(const Call& call, bool inTiles) {
  (inTiles ? tiled_ : after_).push_back(&call);
  eachUse(call, [&](const Use& use) { (inTiles ? tiledUses_ : afterUses_).push_back(use); });
}

bool Batch::touches(const Range& range) const {
  for (const Use& use : tiledUses_)
    if (use.overlaps(range)) return true;
  for (const Use& use : afterUses_)
    if (use.overlaps(range)) return true;
  return false;
}

int64_t Batch::rowBytesOf(const Range& range) const {
  for (const Use& use : afterUses_)
    if (use.overlaps(range)) return 0;
  // Later uses are of the same rows: those of any other would have clashed with the first.
  for (const Use& use : tiledUses_)
    if (use.overlaps(range)) return use == range && use.isOut ? use.rowBytes : 0;
  return 0;
}

std::vector<Batch> batchesOf(const std::vector<Call>& calls, int64_t leastRows) {
  std::vector<Batch> batches(1);
  for (const Call& call : calls) {
    const bool inTiles = rowsOf(call) >= leastRows;
    if (!batches.back().admits(call, inTiles)) batches.emplace_back();
    batches.back().add(call, inTiles);
  }
  return batches;
}

}  // namespace flashlm
