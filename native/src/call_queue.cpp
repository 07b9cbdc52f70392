#include "call_queue.h"

#include <string.h>

#include <algorithm>
#include <chrono>

#include "parallel.h"
#include "row_parts.h"

namespace flashlm {
namespace {

/**
 * Rows that go through all calls of a batch before the next ones do: few enough that what one call writes stays in a
 * core's second level cache for the next, and whole parts of sums.
 */
constexpr int64_t kTileRows = 64;
static_assert(kTileRows % PART_ROWS == 0 && ROW_CHUNK % PART_ROWS == 0, "a part of a sum lies in one tile and one chunk");

using Clock = std::chrono::steady_clock;

/** Reads the time where somebody wants to know it. */
class Stopwatch {
 public:
  explicit Stopwatch(bool isWanted) : began_(isWanted ? Clock::now() : Clock::time_point()) {}
  double seconds() const { return std::chrono::duration<double>(Clock::now() - began_).count(); }

 private:
  Clock::time_point began_;
};

/** Memory of which each thread keeps one tile of rows. */
struct Kept {
  uintptr_t begin;
  int64_t rowBytes;
};

/** A call that takes turns. */
struct Turn {
  const Call* call;
  /** Sums of each part of the rows, part after part; null where there are none. */
  float* sums;
  size_t sumsLength;
  /** For each argument the place in the list of kept tiles, or kNone. */
  int kept[kMostArgs];
};

/** Adds parts in order to chunks, and chunks to what the call adds to, as kernels do that see all rows. */
void fold(const Turn& turn, int64_t rows) {
  const float* parts = turn.sums;
  for (int i = 0; i < turn.call->op->argCount; i++) {
    if (!isSum(*turn.call, i)) continue;
    float* to = static_cast<float*>(turn.call->values[i].data);
    const size_t length = turn.call->values[i].length;
    std::vector<float> chunk(length);
    for (int64_t first = 0; first < rows; first += ROW_CHUNK) {
      const int64_t end = std::min(rows, first + ROW_CHUNK);
      std::fill(chunk.begin(), chunk.end(), 0.0f);
      for (int64_t row = first; row < end; row += PART_ROWS) {
        const float* part = parts + static_cast<size_t>(row / PART_ROWS) * turn.sumsLength;
        for (size_t k = 0; k < length; k++) chunk[k] += part[k];
      }
      for (size_t k = 0; k < length; k++) to[k] += chunk[k];
    }
    parts += length;
  }
}

/** Runs the calls of one queue. */
class Runner {
 public:
  Runner(const KernelTable& table, Context& context, CallQueue::Worker* workers, double* seconds)
      : table_(table), context_(context), workers_(workers), seconds_(seconds) {}

  CallQueue::Outcome run(const std::vector<Call>& calls, const std::vector<Range>& transient) {
    // With few rows for each thread, kernels that share out more than rows keep more of them busy.
    const std::vector<Batch> batches = batchesOf(calls, kTileRows * context_.threads);
    for (size_t i = 0; i < batches.size(); i++) {
      const Batch& batch = batches[i];
      if (batch.tiled().size() == 1) {
        whole(*batch.tiled()[0]);
      } else if (!batch.tiled().empty()) {
        inTurns(batch.tiled(), keptIn(batches, i, transient));
      }
      for (const Call* call : batch.after()) whole(*call);
    }
    return outcome_;
  }

 private:
  /** The transient memory that no other batch uses, and this one as `rowBytesOf` has it. */
  static std::vector<Kept> keptIn(const std::vector<Batch>& batches, size_t index, const std::vector<Range>& transient) {
    std::vector<Kept> kept;
    for (const Range& range : transient) {
      const int64_t rowBytes = batches[index].rowBytesOf(range);
      bool alone = rowBytes > 0;
      for (size_t i = 0; i < batches.size(); i++) alone &= i == index || !batches[i].touches(range);
      if (alone) kept.push_back({range.begin, rowBytes});
    }
    return kept;
  }

  void whole(const Call& call) {
    const Stopwatch watch(seconds_);
    context_.scratch.reset();
    call.op->run(table_, context_, call.values);
    note(call, context_.scratch);
    if (seconds_) seconds_[call.index] = watch.seconds();
  }

  void note(const Call& call, const Scratch& scratch) {
    if (const size_t bytes = scratch.failed()) outcome_ = {call.op->name, bytes};
  }

  void inTurns(const std::vector<const Call*>& calls, const std::vector<Kept>& kept) {
    const Stopwatch watch(seconds_);
    const size_t threads = static_cast<size_t>(context_.threads);
    const int64_t rows = rowsOf(*calls[0]);
    context_.scratch.reset();
    std::vector<Turn> turns;
    for (const Call* call : calls) turns.push_back(turnOf(*call, rows, kept));
    if (context_.scratch.failed()) return note(*calls[0], context_.scratch);
    std::vector<double> spent(seconds_ ? turns.size() * threads : 0);
    std::vector<CallQueue::Outcome> outcomes(threads, CallQueue::Outcome{nullptr, 0});

    parallelRows(context_.threads, rows, kTileRows, [&](int64_t begin, int64_t end, int thread) {
      CallQueue::Worker& worker = workers_[thread];
      CallQueue::Outcome& outcome = outcomes[static_cast<size_t>(thread)];
      std::vector<uint8_t*> tiles;
      worker.tiles.reset();
      for (const Kept& each : kept) tiles.push_back(worker.tiles.get<uint8_t>(static_cast<size_t>(kTileRows * each.rowBytes)));
      if (const size_t bytes = worker.tiles.failed()) {
        outcome = {calls[0]->op->name, bytes};
        return;
      }
      for (int64_t row = begin; row < end; row += kTileRows) {
        for (size_t i = 0; i < turns.size(); i++) {
          const Stopwatch turn(seconds_);
          onRows(turns[i], row, std::min(kTileRows, end - row), worker.context, tiles);
          if (seconds_) spent[turns.size() * static_cast<size_t>(thread) + i] += turn.seconds();
          if (const size_t bytes = worker.context.scratch.failed()) outcome = {calls[i]->op->name, bytes};
        }
      }
    });

    for (const Turn& turn : turns)
      if (turn.sums) fold(turn, rows);
    for (const CallQueue::Outcome& outcome : outcomes)
      if (outcome.bytes) outcome_ = outcome;
    if (seconds_) share(calls, spent, watch.seconds());
  }

  Turn turnOf(const Call& call, int64_t rows, const std::vector<Kept>& kept) {
    Turn turn = {&call, nullptr, 0, {}};
    for (int i = 0; i < call.op->argCount; i++) {
      turn.kept[i] = kNone;
      if (isSum(call, i)) turn.sumsLength += call.values[i].length;
      if (!isPerRow(call, i)) continue;
      for (size_t k = 0; k < kept.size(); k++)
        if (reinterpret_cast<uintptr_t>(call.values[i].data) == kept[k].begin) turn.kept[i] = static_cast<int>(k);
    }
    if (turn.sumsLength == 0) return turn;
    const size_t count = static_cast<size_t>((rows + PART_ROWS - 1) / PART_ROWS) * turn.sumsLength;
    turn.sums = context_.scratch.get<float>(count);
    if (turn.sums) memset(turn.sums, 0, count * sizeof(float));
    return turn;
  }

  /** A call on some of its rows, with a place of its own for the sums of each part of them. */
  void onRows(const Turn& turn, int64_t row, int64_t count, Context& own, const std::vector<uint8_t*>& tiles) const {
    const Call& call = *turn.call;
    const int64_t step = turn.sums ? PART_ROWS : count;
    for (int64_t at = row; at < row + count; at += step) {
      const int64_t some = std::min(step, row + count - at);
      float* sum = turn.sums ? turn.sums + static_cast<size_t>(at / PART_ROWS) * turn.sumsLength : nullptr;
      Argument values[kMostArgs];
      for (int i = 0; i < call.op->argCount; i++) {
        Argument& value = values[i] = call.values[i];
        if (isSum(call, i)) {
          value.data = sum;
          sum += value.length;
        } else if (value.data && isPerRow(call, i)) {
          const int64_t rowBytes = value.cols * static_cast<int64_t>(bytesOf(call.op->args[i].type));
          const bool isKept = turn.kept[i] != kNone;
          uint8_t* first = isKept ? tiles[static_cast<size_t>(turn.kept[i])] : static_cast<uint8_t*>(value.data);
          value.data = first + (isKept ? at - row : at) * rowBytes;
          value.rows = some;
          value.length = static_cast<size_t>(some * value.cols);
        }
      }
      own.scratch.reset();
      call.op->run(table_, own, values);
    }
  }

  void share(const std::vector<const Call*>& calls, const std::vector<double>& spent, double whole) {
    double total = 0;
    for (const double one : spent) total += one;
    if (total == 0) return;
    for (size_t k = 0; k < spent.size(); k++) seconds_[calls[k % calls.size()]->index] += whole * spent[k] / total;
  }

  const KernelTable& table_;
  Context& context_;
  CallQueue::Worker* const workers_;
  double* const seconds_;
  CallQueue::Outcome outcome_ = {nullptr, 0};
};

}  // namespace

void CallQueue::open() {
  isOpen_ = true;
  count_ = 0;
}

void CallQueue::discard() {
  close();
  calls_.clear();
}

void CallQueue::add(const OpSpec& op, const Argument* values) {
  calls_.emplace_back();
  Call& call = calls_.back();
  call.op = &op;
  memcpy(call.values, values, static_cast<size_t>(op.argCount) * sizeof(Argument));
  call.index = count_++;
}

CallQueue::Outcome CallQueue::run(const KernelTable& table, Context& context, const std::vector<Range>& transient,
                                  double* seconds) {
  if (!workers_) workers_ = std::make_unique<Worker[]>(static_cast<size_t>(threads_));
  const Outcome outcome = Runner(table, context, workers_.get(), seconds).run(calls_, transient);
  calls_.clear();
  return outcome;
}

}  // namespace flashlm
