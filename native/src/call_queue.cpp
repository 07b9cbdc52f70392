#include "call_queue.h"

#include <string.h>

#include <algorithm>
#include <chrono>
#include <utility>

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

/** Memory of which each thread keeps some rows: one tile, or a chunk where rows wait to be packed. */
struct Kept {
  uintptr_t begin;
  int64_t rowBytes, rows;
};

/** A call that takes turns. */
struct Turn {
  const Call* call;
  Way way;
  /** Sums of each part of the rows, part after part; null where there are none. */
  float* sums;
  size_t sumsLength;
  /** Of a call in `parts`. */
  RowSumPart part;
  /** For each argument the place in the list of kept rows, or kNone. */
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
  Runner(const KernelTable& table, Context& context, CallQueue::Worker* workers, Scratch& packed, double* seconds)
      : table_(table), context_(context), workers_(workers), packed_(packed), seconds_(seconds) {}

  CallQueue::Outcome run(const std::vector<Call>& calls, const std::vector<Range>& transient) {
    const std::vector<Batch> batches = batchesOf(calls, context_.threads, kTileRows);
    for (size_t i = 0; i < batches.size() && !outcome_.bytes; i++) {
      const Batch& batch = batches[i];
      std::vector<Turn> turns;
      if (!batch.isWorthTurns() || !inTurns(batch, keptIn(batches, i, transient), turns)) {
        for (const Call* call : batch.inOrder()) whole(*call, nullptr);
        continue;
      }
      for (const Batch::Member& member : batch.after()) whole(*member.call, partOf(turns, *member.call));
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
      for (const Kept& before : kept) alone &= before.begin != range.begin;
      if (alone) kept.push_back({range.begin, rowBytes, batches[index].packs(range) ? ROW_CHUNK : kTileRows});
    }
    return kept;
  }

  static RowSumPart* partOf(std::vector<Turn>& turns, const Call& call) {
    for (Turn& turn : turns)
      if (turn.call == &call) return &turn.part;
    return nullptr;
  }

  /** A call on all of its rows, or what is left of one that went in parts. */
  void whole(const Call& call, RowSumPart* part) {
    if (outcome_.bytes) return;
    const Stopwatch watch(seconds_);
    if (part) part->phase = RowSumPart::Phase::multiply;
    runPart(call, part);
    note(call, context_.scratch);
    if (seconds_) seconds_[call.index] += watch.seconds();
  }

  void runPart(const Call& call, RowSumPart* part) {
    context_.scratch.reset();
    context_.part = part;
    call.op->run(table_, context_, call.values);
    context_.part = nullptr;
  }

  void note(const Call& call, const Scratch& scratch) {
    if (const size_t bytes = scratch.failed()) outcome_ = {call.op->name, bytes};
  }

  /** False, and nothing done, where there is no memory to pack rows in. */
  bool inTurns(const Batch& batch, const std::vector<Kept>& kept, std::vector<Turn>& turns) {
    const Stopwatch watch(seconds_);
    const size_t threads = static_cast<size_t>(context_.threads);
    const Call& first = *batch.turns()[0].call;
    const int64_t rows = rowsOf(first);
    packed_.reset();
    for (const Batch::Member& member : batch.turns()) turns.push_back(turnOf(member, rows, kept));
    if (packed_.failed()) return false;
    std::vector<double> spent(seconds_ ? turns.size() * threads : 0);
    std::vector<CallQueue::Outcome> outcomes(threads, CallQueue::Outcome{nullptr, 0});
    // Made here, as nothing may throw among the threads.
    std::vector<std::vector<uint8_t*>> tilesOf(threads, std::vector<uint8_t*>(kept.size()));

    parallelRows(context_.threads, rows, batch.hasParts() ? ROW_CHUNK : kTileRows, [&](int64_t begin, int64_t end, int thread) {
      CallQueue::Worker& worker = workers_[thread];
      CallQueue::Outcome& outcome = outcomes[static_cast<size_t>(thread)];
      std::vector<uint8_t*>& tiles = tilesOf[static_cast<size_t>(thread)];
      worker.tiles.reset();
      for (size_t k = 0; k < kept.size(); k++)
        tiles[k] = worker.tiles.get<uint8_t>(static_cast<size_t>(kept[k].rows * kept[k].rowBytes));
      if (const size_t bytes = worker.tiles.failed()) {
        outcome = {first.op->name, bytes};
        return;
      }
      const Own own = {worker.context, kept, tiles};
      for (int64_t row = begin; row < end && !outcome.bytes; row += kTileRows) {
        const int64_t count = std::min(kTileRows, end - row);
        for (size_t i = 0; i < turns.size() && !outcome.bytes; i++) {
          const Stopwatch turn(seconds_);
          if (turns[i].way == Way::parts) pack(turns[i], row + count, rows, own);
          else onTile(turns[i], row, count, own);
          if (seconds_) spent[turns.size() * static_cast<size_t>(thread) + i] += turn.seconds();
          if (const size_t bytes = worker.context.scratch.failed()) outcome = {turns[i].call->op->name, bytes};
        }
      }
    });

    for (const Turn& turn : turns)
      if (turn.sums) fold(turn, rows);
    for (const CallQueue::Outcome& outcome : outcomes)
      if (outcome.bytes) outcome_ = outcome;
    if (seconds_) share(turns, spent, watch.seconds());
    return true;
  }

  Turn turnOf(const Batch::Member& member, int64_t rows, const std::vector<Kept>& kept) {
    const Call& call = *member.call;
    Turn turn = {&call, member.way, nullptr, 0, {RowSumPart::Phase::size, rows, 0, 0, nullptr}, {}};
    for (int i = 0; i < call.op->argCount; i++) {
      turn.kept[i] = kNone;
      if (member.way == Way::turns && isSum(call, i)) turn.sumsLength += call.values[i].length;
      if (!isPerRow(call, i)) continue;
      for (size_t k = 0; k < kept.size(); k++)
        if (reinterpret_cast<uintptr_t>(call.values[i].data) == kept[k].begin) turn.kept[i] = static_cast<int>(k);
    }
    if (member.way == Way::parts) {
      runPart(call, &turn.part);
      turn.part.room = packed_.get<uint8_t>(turn.part.bytes);
    } else if (turn.sumsLength > 0) {
      const size_t count = static_cast<size_t>((rows + PART_ROWS - 1) / PART_ROWS) * turn.sumsLength;
      turn.sums = packed_.get<float>(count);
      if (turn.sums) memset(turn.sums, 0, count * sizeof(float));
    }
    return turn;
  }

  /** What a thread works with. */
  struct Own {
    Context& context;
    const std::vector<Kept>& kept;
    const std::vector<uint8_t*>& tiles;
  };

  /** A call's arguments for `count` rows from `row` on; its sums begin at `sum`. */
  static void argumentsFor(const Turn& turn, int64_t row, int64_t count, const Own& own, float* sum, Argument* values) {
    const Call& call = *turn.call;
    for (int i = 0; i < call.op->argCount; i++) {
      Argument& value = values[i] = call.values[i];
      if (sum && isSum(call, i)) {
        value.data = sum;
        sum += value.length;
      } else if (value.data && isPerRow(call, i)) {
        const size_t k = static_cast<size_t>(turn.kept[i]);
        const bool isKept = turn.kept[i] != kNone;
        const int64_t rowBytes = value.cols * static_cast<int64_t>(bytesOf(call.op->args[i].type));
        uint8_t* first = isKept ? own.tiles[k] : static_cast<uint8_t*>(value.data);
        value.data = first + (isKept ? row % own.kept[k].rows : row) * rowBytes;
        value.rows = count;
        value.length = static_cast<size_t>(count * value.cols);
      }
    }
  }

  /** A call on a tile, with a place of its own for the sums of each part of the rows. */
  void onTile(const Turn& turn, int64_t row, int64_t count, const Own& own) const {
    const int64_t step = turn.sums ? PART_ROWS : count;
    for (int64_t at = row; at < row + count; at += step) {
      float* sum = turn.sums ? turn.sums + static_cast<size_t>(at / PART_ROWS) * turn.sumsLength : nullptr;
      Argument values[kMostArgs];
      argumentsFor(turn, at, std::min(step, row + count - at), own, sum, values);
      own.context.scratch.reset();
      turn.call->op->run(table_, own.context, values);
      if (own.context.scratch.failed()) return;
    }
  }

  /** Packs the chunk that ends with the rows before `end`, if one does. */
  void pack(const Turn& turn, int64_t end, int64_t rows, const Own& own) const {
    if (end % ROW_CHUNK != 0 && end != rows) return;
    RowSumPart part = turn.part;
    part.phase = RowSumPart::Phase::pack;
    part.begin = (end - 1) / ROW_CHUNK * ROW_CHUNK;
    Argument values[kMostArgs];
    argumentsFor(turn, part.begin, end - part.begin, own, nullptr, values);
    own.context.scratch.reset();
    own.context.part = &part;
    turn.call->op->run(table_, own.context, values);
    own.context.part = nullptr;
  }

  void share(const std::vector<Turn>& turns, const std::vector<double>& spent, double whole) {
    double total = 0;
    for (const double one : spent) total += one;
    if (total == 0) return;
    for (size_t k = 0; k < spent.size(); k++) seconds_[turns[k % turns.size()].call->index] += whole * spent[k] / total;
  }

  const KernelTable& table_;
  Context& context_;
  CallQueue::Worker* const workers_;
  Scratch& packed_;
  double* const seconds_;
  CallQueue::Outcome outcome_ = {nullptr, 0};
};

}  // namespace

void CallQueue::open() {
  isOpen_ = true;
  count_ = 0;
  calls_.clear();
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
  // Taken out first: whatever happens, no call runs twice.
  const std::vector<Call> calls = std::move(calls_);
  calls_.clear();
  return Runner(table, context, workers_.get(), packed_, seconds).run(calls, transient);
}

}  // namespace flashlm
