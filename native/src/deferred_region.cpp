#include "deferred_region.h"

#include <string.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "parallel.h"

namespace flashlm {
namespace {

using Clock = std::chrono::steady_clock;

/** Measures time if it is requested. */
class Stopwatch {
 public:
  explicit Stopwatch(bool isWanted) : began_(isWanted ? Clock::now() : Clock::time_point()) {}
  double seconds() const { return std::chrono::duration<double>(Clock::now() - began_).count(); }

 private:
  Clock::time_point began_;
};

/** Memory that each thread replaces by a few rows: a tile, or a chunk where rows wait to be packed. */
struct TileMemory {
  uintptr_t begin;
  int64_t rowBytes, rows;
};

/** A call that goes through tiles. */
struct Step {
  const Call* call;
  Schedule schedule;
  /** Of a call that sums over rows; without memory where there is no sum. */
  RowSum sum;
  /** For each argument its index in the list of tile memory, or kNone. */
  int tileMemory[kMaxArgs];

  bool needsSequences() const { return unitOf(*call) != 1; }
};

/** Runs the calls of one region. */
class Runner {
 public:
  Runner(const KernelTable& table, Context& context, DeferredRegion::Worker* workers, Scratch& sums,
         double* seconds)
      : table_(table), context_(context), workers_(workers), sums_(sums), seconds_(seconds) {}

  DeferredRegion::Outcome run(const std::vector<Call>& calls, const std::vector<Range>& transient) {
    const std::vector<Group> groups = groupsOf(calls, context_.threads);
    for (size_t i = 0; i < groups.size() && !outcome_.bytes; i++) {
      const Group& group = groups[i];
      std::vector<Step> steps;
      if (!group.isWorthTiles() || !inTiles(group, memoryInTiles(groups, i, transient), steps)) {
        for (const Call* call : group.inOrder()) onAllRows(*call, nullptr);
        continue;
      }
      for (Step& step : steps)
        if (step.schedule == Schedule::tiled && step.sum.bytes) onAllRows(*step.call, &step.sum);
      for (const Group::Member& member : group.after()) onAllRows(*member.call, sumOf(steps, *member.call));
    }
    return outcome_;
  }

 private:
  /** The transient memory that no other group uses, and this one only in tiles. */
  static std::vector<TileMemory> memoryInTiles(const std::vector<Group>& groups, size_t index,
                                               const std::vector<Range>& transient) {
    std::vector<TileMemory> found;
    for (const Range& range : transient) {
      const int64_t rowBytes = groups[index].rowBytesInTiles(range);
      bool alone = rowBytes > 0;
      for (size_t i = 0; i < groups.size(); i++) alone &= i == index || !groups[i].touches(range);
      for (const TileMemory& before : found) alone &= before.begin != range.begin;
      if (alone) found.push_back({range.begin, rowBytes, groups[index].rowsInTiles(range)});
    }
    return found;
  }

  static RowSum* sumOf(std::vector<Step>& steps, const Call& call) {
    for (Step& step : steps)
      if (step.call == &call) return &step.sum;
    return nullptr;
  }

  /** Runs a call on all of its rows, or the remaining phase of one whose rows went through tiles. */
  void onAllRows(const Call& call, RowSum* sum) {
    if (outcome_.bytes) return;
    const Stopwatch watch(seconds_);
    if (sum) sum->phase = RowSum::Phase::finish;
    runWith(call, sum);
    if (const size_t bytes = context_.scratch.failed()) outcome_ = {call.op->name, bytes};
    if (seconds_) seconds_[call.index] += watch.seconds();
  }

  void runWith(const Call& call, RowSum* sum) {
    context_.scratch.reset();
    context_.sum = sum;
    runOp(*call.op, table_, context_, call.values);
    context_.sum = nullptr;
  }

  /** Returns false, and does nothing, when out of memory for the sums over rows. */
  bool inTiles(const Group& group, const std::vector<TileMemory>& memory, std::vector<Step>& steps) {
    const Stopwatch watch(seconds_);
    const size_t threads = static_cast<size_t>(context_.threads);
    const int64_t rows = rowsOf(*group.tiled()[0].call), tileRows = group.tileRows();
    const char* name = group.tiled()[0].call->op->name;
    sums_.reset();
    for (const Group::Member& member : group.tiled()) {
      steps.push_back(stepOf(member, rows, memory));
      if (sums_.failed() || context_.scratch.failed()) return false;
    }
    std::vector<double> spent(seconds_ ? steps.size() * threads : 0);
    std::vector<DeferredRegion::Outcome> outcomes(threads, DeferredRegion::Outcome{nullptr, 0});
    // Allocated here, because nothing may throw inside a parallel section.
    std::vector<std::vector<uint8_t*>> tilesOf(threads, std::vector<uint8_t*>(memory.size()));

    parallelRows(context_.threads, rows, group.grain(), [&](int64_t begin, int64_t end, int thread) {
      const size_t t = static_cast<size_t>(thread);
      DeferredRegion::Worker& worker = workers_[thread];
      std::vector<uint8_t*>& tiles = tilesOf[t];
      worker.tiles.reset();
      for (size_t m = 0; m < memory.size(); m++)
        tiles[m] = worker.tiles.get<uint8_t>(static_cast<size_t>(memory[m].rows * memory[m].rowBytes));
      if (const size_t bytes = worker.tiles.failed()) {
        outcomes[t] = {name, bytes};
        return;
      }
      const Own own = {worker.context, memory, tiles, outcomes[t],
                       seconds_ ? &spent[steps.size() * t] : nullptr};
      for (int64_t row = begin; row < end && !own.outcome.bytes; row += tileRows)
        throughSteps(steps, row, std::min(tileRows, end - row), rows, own);
    });

    for (const DeferredRegion::Outcome& outcome : outcomes)
      if (outcome.bytes) outcome_ = outcome;
    if (seconds_) share(steps, spent, watch.seconds());
    return true;
  }

  Step stepOf(const Group::Member& member, int64_t rows, const std::vector<TileMemory>& memory) {
    const Call& call = *member.call;
    Step step = {&call, member.schedule, {RowSum::Phase::size, rows, 0, 0, nullptr}, {}};
    bool sums = false;
    for (int i = 0; i < call.op->argCount; i++) {
      step.tileMemory[i] = kNone;
      sums |= isSum(call, i);
      if (!isCut(call, i)) continue;
      for (size_t m = 0; m < memory.size(); m++)
        if (reinterpret_cast<uintptr_t>(call.values[i].data) == memory[m].begin)
          step.tileMemory[i] = static_cast<int>(m);
    }
    context_.scratch.reset();
    if (!sums) return step;
    runWith(call, &step.sum);
    step.sum.room = sums_.get<uint8_t>(step.sum.bytes);
    return step;
  }

  /** The data of one thread. */
  struct Own {
    Context& context;
    const std::vector<TileMemory>& memory;
    const std::vector<uint8_t*>& tiles;
    DeferredRegion::Outcome& outcome;
    /** An entry for each step, or null. */
    double* spent;
  };

  /** All steps on the `count` rows of one tile: row-wise ones kTileRows at a time, up to one that needs whole
   * sequences. */
  void throughSteps(const std::vector<Step>& steps, int64_t row, int64_t count, int64_t rows,
                    const Own& own) const {
    for (size_t i = 0; i < steps.size();) {
      const size_t first = i;
      while (i < steps.size() && !steps[i].needsSequences()) i++;
      for (int64_t at = row; i > first && at < row + count; at += kTileRows)
        for (size_t k = first; k < i; k++)
          onRows(steps, k, at, std::min(kTileRows, row + count - at), rows, own);
      for (; i < steps.size() && steps[i].needsSequences(); i++) onRows(steps, i, row, count, rows, own);
    }
  }

  void onRows(const std::vector<Step>& steps, size_t k, int64_t row, int64_t count, int64_t rows,
              const Own& own) const {
    if (own.outcome.bytes) return;
    const Stopwatch watch(own.spent);
    const Step& step = steps[k];
    if (step.schedule == Schedule::tiled) {
      runOn(step, row, count, own);
    } else if (const int64_t end = row + count; end % ROW_CHUNK == 0 || end == rows) {
      const int64_t begin = (end - 1) / ROW_CHUNK * ROW_CHUNK;
      runOn(step, begin, end - begin, own);
    }
    if (own.spent) own.spent[k] += watch.seconds();
    if (const size_t bytes = own.context.scratch.failed()) own.outcome = {step.call->op->name, bytes};
  }

  void runOn(const Step& step, int64_t row, int64_t count, const Own& own) const {
    RowSum sum = step.sum;
    sum.phase = RowSum::Phase::rows;
    sum.begin = row;
    Argument values[kMaxArgs];
    argumentsFor(step, row, count, own, values);
    own.context.scratch.reset();
    own.context.sum = sum.bytes ? &sum : nullptr;
    runOp(*step.call->op, table_, own.context, values);
    own.context.sum = nullptr;
  }

  /** A call's arguments for `count` rows from `row` on. */
  static void argumentsFor(const Step& step, int64_t row, int64_t count, const Own& own, Argument* values) {
    const Call& call = *step.call;
    const int64_t rows = rowsOf(call);
    for (int i = 0; i < call.op->argCount; i++) {
      Argument& value = values[i] = call.values[i];
      if (!value.data || !isCut(call, i)) continue;
      const int64_t first = value.rows * row / rows;
      value.rows = value.rows * count / rows;
      value.length = static_cast<size_t>(value.rows * value.cols);
      if (step.tileMemory[i] == kNone) {
        const int64_t rowBytes = value.cols * static_cast<int64_t>(bytesOf(call.op->args[i].type));
        value.data = static_cast<uint8_t*>(value.data) + first * rowBytes;
      } else {
        const size_t m = static_cast<size_t>(step.tileMemory[i]);
        value.data = own.tiles[m] + row % own.memory[m].rows * own.memory[m].rowBytes;
      }
    }
  }

  void share(const std::vector<Step>& steps, const std::vector<double>& spent, double all) {
    double total = 0;
    for (const double one : spent) total += one;
    if (total == 0) return;
    for (size_t k = 0; k < spent.size(); k++)
      seconds_[steps[k % steps.size()].call->index] += all * spent[k] / total;
  }

  const KernelTable& table_;
  Context& context_;
  DeferredRegion::Worker* const workers_;
  Scratch& sums_;
  double* const seconds_;
  DeferredRegion::Outcome outcome_ = {nullptr, 0};
};

}  // namespace

double runOp(const OpSpec& op, const KernelTable& table, Context& context, const Argument* values) {
  const Rehearsal rehearsal(context.rehearses);
  return op.run(table, context, values);
}

void DeferredRegion::open() {
  isOpen_ = true;
  count_ = 0;
  calls_.clear();
}

void DeferredRegion::discard() {
  close();
  calls_.clear();
}

void DeferredRegion::add(const OpSpec& op, const Argument* values) {
  calls_.emplace_back();
  Call& call = calls_.back();
  call.op = &op;
  memcpy(call.values, values, static_cast<size_t>(op.argCount) * sizeof(Argument));
  call.index = count_++;
}

size_t DeferredRegion::workingBytes() const {
  size_t bytes = sums_.size();
  for (int i = 0; workers_ && i < threads_; i++) {
    const Worker& worker = workers_[static_cast<size_t>(i)];
    bytes += worker.context.scratch.size() + worker.tiles.size();
  }
  return bytes;
}

DeferredRegion::Outcome DeferredRegion::run(const KernelTable& table, Context& context,
                                            const std::vector<Range>& transient, double* seconds) {
  if (!workers_) workers_ = std::make_unique<Worker[]>(static_cast<size_t>(threads_));
  for (int i = 0; i < threads_; i++) workers_[static_cast<size_t>(i)].context.rehearses = context.rehearses;
  // Moved out first, so that no call runs twice, even after an error.
  const std::vector<Call> calls = std::move(calls_);
  calls_.clear();
  return Runner(table, context, workers_.get(), sums_, seconds).run(calls, transient);
}

}  // namespace flashlm
