#pragma once

#include <stddef.h>
#include <stdint.h>

#include <stdexcept>

#include "flashlm.h"
#include "../generated/ops.h"

/** What each op requires of its arguments, as data, and the function that checks a call against it. */
namespace flashlm {

enum class Kind : uint8_t { tensor, scalar, choice };
enum class Type : uint8_t { f32, i8, i32, u8 };

template <class T>
constexpr Type typeOf();
template <>
constexpr Type typeOf<float>() {
  return Type::f32;
}
template <>
constexpr Type typeOf<int8_t>() {
  return Type::i8;
}
template <>
constexpr Type typeOf<int32_t>() {
  return Type::i32;
}
template <>
constexpr Type typeOf<uint8_t>() {
  return Type::u8;
}

constexpr size_t bytesOf(Type type) { return type == Type::f32 || type == Type::i32 ? 4 : 1; }

constexpr int kNone = -1;

constexpr int kMaxTerms = 4, kMaxFactors = 4;

/** A factor times the product of some symbols; a constant has none. */
struct Term {
  int64_t factor;
  int symbols[kMaxFactors];
};
constexpr Term term(int64_t factor, int a = kNone, int b = kNone, int c = kNone, int d = kNone) {
  return {factor, {a, b, c, d}};
}

/** A dimension: a sum of terms, and its text where it is more than one symbol or number. */
struct Dim {
  const char* text;
  int count;
  Term terms[kMaxTerms];

  /** The symbol that the dimension is, or kNone. */
  constexpr int plain() const { return !text && count == 1 ? terms[0].symbols[0] : kNone; }
};
constexpr Dim symbol(int index) { return {nullptr, 1, {term(1, index)}}; }
constexpr Dim fixed(int64_t value) { return {nullptr, 1, {term(value)}}; }
template <class... Terms>
constexpr Dim sum(const char* text, Terms... terms) {
  return {text, sizeof...(terms), {terms...}};
}

/** An argument of an op. Symbols and other arguments are named by their index within the op. */
struct ArgSpec {
  const char* name;
  Kind kind;
  Type type = Type::f32;
  Dim rows = fixed(0), cols = fixed(0);
  bool isWritten = false, isOut = false, isOptional = false, isCut = false;
  int64_t min = kNone;  // of a whole number
  int belowSymbol = kNone, offsetsIntoSymbol = kNone, entriesOfArg = kNone, packsArg = kNone,
      aliasArg = kNone;
  int64_t maxCols = INT64_MAX;
  const char* const* values = nullptr;  // of a choice
  int valueCount = 0;

  /** Written in full, whatever it held. */
  constexpr ArgSpec out() const {
    ArgSpec a = *this;
    a.isWritten = a.isOut = true;
    return a;
  }
  /** Added into, updated, or written in part. */
  constexpr ArgSpec update() const {
    ArgSpec a = *this;
    a.isWritten = true;
    return a;
  }
  constexpr ArgSpec optional() const {
    ArgSpec a = *this;
    a.isOptional = true;
    return a;
  }
  /** Is cut with the call, where a call can be cut into tiles: it has one row per row, or the same number of
   * rows per sequence. */
  constexpr ArgSpec cut() const {
    ArgSpec a = *this;
    a.isCut = true;
    return a;
  }
  /** A whole number of at least this. */
  constexpr ArgSpec wholeNumber(int64_t min) const {
    ArgSpec a = *this;
    a.min = min;
    return a;
  }
  /** Every element is an index below this symbol. */
  constexpr ArgSpec below(int symbol) const {
    ArgSpec a = *this;
    a.belowSymbol = symbol;
    return a;
  }
  /** Non-decreasing offsets from at least 0 to at most this symbol. */
  constexpr ArgSpec offsetsInto(int symbol) const {
    ArgSpec a = *this;
    a.offsetsIntoSymbol = symbol;
    return a;
  }
  /** Only the entries between the first and the last of these offsets are read; there may be no entries. */
  constexpr ArgSpec entriesOf(int arg) const {
    ArgSpec a = *this;
    a.entriesOfArg = arg;
    return a;
  }
  /** The packed form of these codes. */
  constexpr ArgSpec packs(int arg) const {
    ArgSpec a = *this;
    a.packsArg = arg;
    return a;
  }
  /** May be exactly the same memory as this argument. */
  constexpr ArgSpec alias(int arg) const {
    ArgSpec a = *this;
    a.aliasArg = arg;
    return a;
  }
  constexpr ArgSpec atMostCols(int64_t max) const {
    ArgSpec a = *this;
    a.maxCols = max;
    return a;
  }
};

template <class T>
constexpr ArgSpec tensor(const char* name, Dim rows, Dim cols) {
  return {name, Kind::tensor, typeOf<T>(), rows, cols};
}
constexpr ArgSpec scalar(const char* name) { return {name, Kind::scalar}; }
template <int count>
constexpr ArgSpec choice(const char* name, const char* const (&values)[count]) {
  ArgSpec spec{name, Kind::choice};
  spec.values = values;
  spec.valueCount = count;
  return spec;
}

/**
 * How a symbol gets its value: `dim`, in which all other symbols are already known, equals the size of `arg`
 * along `axis`, or `from` where `arg` is kNone.
 */
struct SymbolSpec {
  const char* name;
  Dim dim;
  int arg;
  enum Axis : uint8_t { rows, cols, number } axis;
  Dim from;
  int64_t min = 0, max = INT64_MAX;

  constexpr SymbolSpec within(int64_t min, int64_t max) const {
    return {name, dim, arg, axis, from, min, max};
  }
};
constexpr SymbolSpec solve(const char* name, Dim dim, int arg, SymbolSpec::Axis axis) {
  return {name, dim, arg, axis, fixed(0)};
}
constexpr SymbolSpec solve(const char* name, Dim dim, Dim from) {
  return {name, dim, kNone, SymbolSpec::number, from};
}

/** A symbol that is equal to a dimension. */
struct EquationSpec {
  int symbol;
  Dim dim;
};

/** One argument as the caller passed it. */
using Argument = ::flashlm_value;

template <class T>
Matrix<T> matrix(const Argument& value) {
  return {static_cast<T*>(value.data), value.rows, value.cols};
}

struct OpSpec {
  const char* name;
  const ArgSpec* args;
  int argCount;
  int valueCount;  // three for a tensor: data, rows, columns
  const SymbolSpec* symbols;
  int symbolCount;
  const EquationSpec* equations;
  int equationCount;
  bool mayBeDeferred;  // a deferred region may record a call and run it later
  int rowsArg;         // an argument with one row per row of the call; kNone where calls are not cut
  int seqLenArg;       // the rows per sequence, if calls are cut by sequences only, else kNone
  bool packsRows;      // a sum over rows that packs its operands (RowSum)
  bool mayBeEmpty;     // an input may be empty although outputs have values
  bool returnsNumber;
  double (*run)(const KernelTable&, Context&, const Argument*);
  uint64_t signature;  // of what the op table says that concerns a call
};

constexpr int kMaxArgs = 24;
constexpr int kMaxSymbols = 16;

/** Errors in a call; the message uses the user's terms. */
struct WrongType : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};
struct WrongRange : std::out_of_range {
  using std::out_of_range::out_of_range;
};

/**
 * Throws WrongRange unless the kernel can run on these values without leaving its arrays. Checks lengths,
 * shapes, sizes of packed layouts, overlapping memory, indices and offsets. Returns false when there is
 * nothing to do, as in an empty batch: kernels never get an empty matrix, except the entries of sparse
 * targets and where an op has `mayBeEmpty`.
 */
bool checkArguments(const OpSpec& op, const Argument* values, const KernelTable& table);

}  // namespace flashlm
