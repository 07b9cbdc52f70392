#include "flashlm.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "deferred_region.h"
#include "dispatch.h"
#include "inspect.h"
#include "limits.h"
#include "op_table.h"

namespace flashlm {
namespace {

#include "../generated/op_specs.inl"

constexpr OpSpec kSpecs[] = {
#define OP(name, Name, Result) k##Name##Op,
#include "../generated/op_list.inl"
#undef OP
};

constexpr bool fitsAllCalls() {
  for (const OpSpec& op : kSpecs) {
    if (op.argCount > kMaxArgs || op.symbolCount > kMaxSymbols) return false;
  }
  return true;
}
static_assert(fitsAllCalls(), "an op has more arguments or symbols than kMaxArgs, kMaxSymbols");

/** The sum of all ops' signatures, in hexadecimal. */
struct Signature {
  char text[17] = {};

  constexpr Signature() {
    uint64_t sum = 0;
    for (const OpSpec& op : kSpecs) sum += op.signature;
    for (int i = 0; i < 16; i++) text[i] = "0123456789abcdef"[sum >> (60 - 4 * i) & 15];
  }
};
constexpr Signature kSignature;

constexpr int kMaxThreads = 1024;
/** Far below what would overflow the layout's arithmetic. */
constexpr int64_t kMaxCodes = int64_t{1} << 48;

struct OutOfMemory {
  std::string what;
};

}  // namespace

const OpSpec* const kOps = kSpecs;
const int kOpCount = static_cast<int>(std::size(kSpecs));

}  // namespace flashlm

using namespace flashlm;

struct flashlm_engine {
  Selection kernels;
  Context context;
  std::unique_ptr<DeferredRegion> region;
  std::string error;
};

namespace {

/** Runs `body` and turns what it throws into a status and a sentence. */
template <class Body>
flashlm_status guarded(std::string& error, const Body& body) noexcept {
  try {
    try {
      body();
      return FLASHLM_OK;
    } catch (const OutOfMemory& failure) {
      error = failure.what;
      return FLASHLM_OUT_OF_MEMORY;
    } catch (const std::bad_alloc& failure) {
      error = failure.what();
      return FLASHLM_OUT_OF_MEMORY;
    } catch (const WrongType& failure) {
      error = failure.what();
      return FLASHLM_WRONG_TYPE;
    } catch (const std::exception& failure) {
      error = failure.what();
      return FLASHLM_WRONG_VALUE;
    }
  } catch (...) {
    // Not even the sentence could be had.
    return FLASHLM_OUT_OF_MEMORY;
  }
}

[[noreturn]] void throwOutOfMemory(const char* op, size_t bytes) {
  throw OutOfMemory{"out of memory: " + std::string(op) + " needs " + std::to_string(bytes) +
                    " bytes to work in"};
}

void runRegion(flashlm_engine& e, const std::vector<Range>& transient, double* seconds) {
  const DeferredRegion::Outcome outcome = e.region->run(e.kernels.table, e.context, transient, seconds);
  if (outcome.bytes) throwOutOfMemory(outcome.op, outcome.bytes);
}

bool isOp(int op) { return op >= 0 && op < kOpCount; }

bool isArgument(int op, int argument) { return isOp(op) && argument >= 0 && argument < kOps[op].argCount; }

}  // namespace

const char* flashlm_signature(void) { return kSignature.text; }

int flashlm_op_count(void) { return kOpCount; }

int flashlm_find_op(const char* name) {
  for (int op = 0; op < kOpCount; op++) {
    if (std::string_view(kOps[op].name) == name) return op;
  }
  return -1;
}

const char* flashlm_op_name(int op) { return isOp(op) ? kOps[op].name : nullptr; }

int flashlm_argument_count(int op) { return isOp(op) ? kOps[op].argCount : 0; }

const char* flashlm_argument_name(int op, int argument) {
  return isArgument(op, argument) ? kOps[op].args[argument].name : nullptr;
}

int flashlm_find_choice(int op, int argument, const char* value) {
  if (!isArgument(op, argument)) return -1;
  const ArgSpec& spec = kOps[op].args[argument];
  for (int i = 0; i < spec.valueCount; i++) {
    if (std::string_view(spec.values[i]) == value) return i;
  }
  return -1;
}

flashlm_status flashlm_create(const char* isa, const char* const* features, size_t feature_count, int threads,
                              flashlm_engine** engine, char* error, size_t error_size) {
  *engine = nullptr;
  std::string failure;
  const flashlm_status status = guarded(failure, [&] {
    if (threads < 1 || threads > kMaxThreads)
      throw WrongRange("native: threads is " + std::to_string(threads) + ", expected 1 to " +
                       std::to_string(kMaxThreads));
    auto made = std::make_unique<flashlm_engine>();
    const std::vector<std::string> wanted(features, features + (features ? feature_count : 0));
    try {
      made->kernels = selectKernels(isa ? isa : "", features ? &wanted : nullptr);
    } catch (const std::invalid_argument& wrong) {
      throw WrongRange(wrong.what());
    }
    made->context.threads = threads;
    made->region = std::make_unique<DeferredRegion>(threads);
    *engine = made.release();
  });
  if (status != FLASHLM_OK && error_size > 0) {
    const size_t length = std::min(failure.size(), error_size - 1);
    error[failure.copy(error, length)] = '\0';
  }
  return status;
}

void flashlm_destroy(flashlm_engine* engine) { delete engine; }

const char* flashlm_error(const flashlm_engine* engine) { return engine->error.c_str(); }

const char* flashlm_isa(const flashlm_engine* engine) { return engine->kernels.isa.c_str(); }

int flashlm_threads(const flashlm_engine* engine) { return engine->context.threads; }

size_t flashlm_feature_count(const flashlm_engine* engine) { return engine->kernels.features.size(); }

const char* flashlm_feature(const flashlm_engine* engine, size_t feature) {
  return feature < engine->kernels.features.size() ? engine->kernels.features[feature].c_str() : nullptr;
}

flashlm_status flashlm_run(flashlm_engine* engine, int index, const flashlm_value* values, double* result) {
  flashlm_engine& e = *engine;
  return guarded(e.error, [&] {
    if (!isOp(index)) throw WrongRange("native: there is no op " + std::to_string(index));
    const OpSpec& op = kOps[index];
    // Before indices are checked, because deferred calls may write the indices.
    if (e.region->isOpen() && !op.mayBeDeferred) runRegion(e, {}, nullptr);
    const bool isWork = checkArguments(op, values, e.kernels.table);
    if (result) *result = 0;
    if (e.region->isOpen()) {
      if (op.mayBeDeferred && isWork) e.region->add(op, values);
      else e.region->skip();
      if (op.mayBeDeferred) return;
    }
    e.context.scratch.reset();
    const double returned = isWork ? runOp(op, e.kernels.table, e.context, values) : 0;
    if (const size_t bytes = e.context.scratch.failed()) throwOutOfMemory(op.name, bytes);
    if (result) *result = returned;
  });
}

void flashlm_open(flashlm_engine* engine) { engine->region->open(); }

int flashlm_is_open(const flashlm_engine* engine) { return engine->region->isOpen(); }

size_t flashlm_call_count(const flashlm_engine* engine) { return engine->region->count(); }

flashlm_status flashlm_close(flashlm_engine* engine, const flashlm_range* transient, size_t transient_count,
                             double* seconds) {
  return guarded(engine->error, [&] {
    std::vector<Range> ranges;
    try {
      for (size_t i = 0; i < transient_count; i++) {
        const uintptr_t begin = reinterpret_cast<uintptr_t>(transient[i].data);
        ranges.push_back({begin, begin + transient[i].bytes});
      }
    } catch (...) {
      engine->region->discard();
      throw;
    }
    engine->region->close();
    if (seconds) std::fill_n(seconds, engine->region->count(), 0.0);
    runRegion(*engine, ranges, seconds);
  });
}

void flashlm_discard(flashlm_engine* engine) { engine->region->discard(); }

void flashlm_rehearse(flashlm_engine* engine) { engine->context.rehearses = true; }

size_t flashlm_working_bytes(const flashlm_engine* engine) {
  return engine->context.scratch.size() + engine->region->workingBytes();
}

flashlm_status flashlm_packed_ternary_bytes(flashlm_engine* engine, int64_t rows, int64_t cols,
                                            int64_t* bytes) {
  return guarded(engine->error, [&] {
    if (!(rows >= 0 && rows <= INT32_MAX && cols >= 0 && cols <= INT32_MAX))
      throw WrongRange("packedTernaryBytes: expected two whole numbers below 2^31");
    if (rows * cols > kMaxCodes) throw WrongRange("packedTernaryBytes: expected at most 2^48 codes");
    *bytes = engine->kernels.table.packedTernaryBytes(rows, cols);
  });
}

flashlm_status flashlm_measure_limit(flashlm_engine* engine, const char* name, int64_t rounds, float* memory,
                                     int64_t count, double* seconds, double* work) {
  return guarded(engine->error, [&] {
    const LimitResult result =
        measureLimit(engine->kernels.table.limits, engine->context, name, {rounds, memory, count});
    *seconds = result.seconds;
    *work = result.work;
  });
}

double flashlm_digest(const flashlm_engine* engine, const void* data, int64_t bytes) {
  return digestBytes(engine->context.threads, static_cast<const uint8_t*>(data), bytes);
}

int64_t flashlm_find_non_finite(const flashlm_engine* engine, const float* values, int64_t count) {
  return findNonFinite(engine->context.threads, values, count);
}
