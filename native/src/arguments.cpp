#include "arguments.h"

#include <cmath>
#include <string>

namespace flashlm {
namespace {

using std::string;
using std::to_string;

/** The largest whole number up to which all are exact. */
constexpr double kMaxWhole = 9007199254740991.0;

/** The checks of one call. */
class Check {
 public:
  Check(const OpSpec& op, const Argument* values, const KernelTable& table)
      : op_(op), values_(values), table_(table) {}

  bool run() {
    values();
    lengths();
    bindSymbols();
    shapes();
    equations();
    overlaps();
    indices();
    return !isEmpty();
  }

 private:
  bool absent(int i) const { return op_.args[i].kind != Kind::tensor || !values_[i].data; }
  string quoted(int i) const { return string("'") + op_.args[i].name + "'"; }
  [[noreturn]] void fail(int i, const string& what) const {
    throw WrongRange(string(op_.name) + ": " + quoted(i) + " " + what);
  }

  /** What the type of an argument does not exclude. */
  void values() const {
    for (int i = 0; i < op_.argCount; i++) {
      const ArgSpec& spec = op_.args[i];
      const Argument& v = values_[i];
      if (spec.kind == Kind::tensor) {
        if (!v.data && !spec.isOptional) fail(i, "must not be absent");
        if (v.rows < 0 || v.cols < 0) fail(i, "has a negative size");
      }
      if (spec.kind == Kind::scalar) {
        if (std::isnan(v.number)) fail(i, "is NaN");
        if (spec.min != kNone && !(v.number >= static_cast<double>(spec.min) && v.number <= kMaxWhole &&
                                   v.number == std::floor(v.number)))
          fail(i,
               "is " + to_string(v.number) + ", expected a whole number of at least " + to_string(spec.min));
      }
      if (spec.kind == Kind::choice && !(v.choice >= 0 && v.choice < spec.valueCount))
        fail(i, "is no value of this choice");
    }
  }

  void lengths() const {
    for (int i = 0; i < op_.argCount; i++) {
      if (absent(i)) continue;
      const Argument& v = values_[i];
      // No rows is an empty batch; but a row without values has no mean, maximum or scale.
      if (v.cols == 0 && op_.args[i].packsArg == kNone) fail(i, "has 0 columns, expected at least 1");
      int64_t product;
      if (!__builtin_mul_overflow(v.rows, v.cols, &product) && static_cast<uint64_t>(product) == v.length)
        continue;
      fail(i, "has " + to_string(v.length) + " values, expected " + to_string(v.rows) + " x " +
                  to_string(v.cols));
    }
  }

  void bindSymbols() {
    for (int s = 0; s < op_.symbolCount; s++) {
      const SymbolSpec& spec = op_.symbols[s];
      const int64_t size = spec.arg == kNone ? expected(spec.from) : read(spec);
      int64_t factor = 0, rest = 0;
      for (int t = 0; t < spec.dim.count; t++) {
        const int64_t value = valueOf(spec.dim.terms[t], s);
        if (has(spec.dim.terms[t], s)) factor = add(factor, value);
        else rest = add(rest, value);
      }
      const int64_t left = size - rest;
      const bool isSolved = size >= 0 && rest >= 0 && factor >= 0 && left >= 0 &&
                            (factor == 0 ? left == 0 : left % factor == 0);
      if (!isSolved) unsolved(s, size);
      dims_[s] = factor == 0 ? 0 : left / factor;
      if (dims_[s] < spec.min || dims_[s] > spec.max)
        fail(spec.arg, "has " + to_string(size) + (spec.axis == SymbolSpec::rows ? " rows" : " columns") +
                           ", expected " + to_string(factor * spec.min + rest) + " to " +
                           to_string(factor * spec.max + rest));
    }
  }

  int64_t read(const SymbolSpec& spec) const {
    const Argument& v = values_[spec.arg];
    return spec.axis == SymbolSpec::rows   ? v.rows
           : spec.axis == SymbolSpec::cols ? v.cols
                                           : static_cast<int64_t>(v.number);
  }

  static bool has(const Term& term, int symbol) {
    for (const int each : term.symbols)
      if (each == symbol) return true;
    return false;
  }

  /** Negative when no size fits. */
  static constexpr int64_t kTooLarge = -1;

  static int64_t add(int64_t a, int64_t b) {
    int64_t sum;
    return a < 0 || b < 0 || __builtin_add_overflow(a, b, &sum) ? kTooLarge : sum;
  }

  /** A term's value, symbol `but` left out. */
  int64_t valueOf(const Term& term, int but = kNone) const {
    int64_t product = term.factor;
    for (const int symbol : term.symbols) {
      if (symbol == kNone || symbol == but) continue;
      if (product < 0 || __builtin_mul_overflow(product, dims_[symbol], &product)) return kTooLarge;
    }
    return product;
  }

  int64_t expected(const Dim& dim) const {
    int64_t sum = 0;
    for (int t = 0; t < dim.count; t++) sum = add(sum, valueOf(dim.terms[t]));
    return sum;
  }

  /** "columns of 'x'": where a symbol comes from. */
  string owner(int s) const {
    const SymbolSpec& spec = op_.symbols[s];
    if (spec.arg == kNone) return textOf(spec.from) + " = " + textOf(spec.dim);
    return spec.axis == SymbolSpec::number
               ? quoted(spec.arg)
               : (spec.axis == SymbolSpec::rows ? "rows of " : "columns of ") + quoted(spec.arg);
  }

  string textOf(const Dim& dim) const { return dim.text ? dim.text : op_.symbols[dim.plain()].name; }

  /** " (columns of 'x')" or " (S*P with S = 2, P = 3)": where the expected size comes from. */
  string origin(const Dim& dim) const {
    if (dim.plain() != kNone) return " (" + owner(dim.plain()) + ")";
    return dim.text ? " (" + textOf(dim) + given(dim) + ")" : "";
  }

  /** " with S = 2, P = 3": the symbols of a dimension, `but` left out. */
  string given(const Dim& dim, int but = kNone) const {
    string text;
    for (int t = 0; t < dim.count; t++)
      for (const int s : dim.terms[t].symbols)
        if (s != kNone && s != but)
          text +=
              (text.empty() ? " with " : ", ") + string(op_.symbols[s].name) + " = " + to_string(dims_[s]);
    return text;
  }

  [[noreturn]] void unsolved(int s, int64_t size) const {
    const SymbolSpec& spec = op_.symbols[s];
    const string wanted = ", expected " + textOf(spec.dim) + " for a whole " + spec.name + given(spec.dim, s);
    // Of an equation, the argument whose symbol it ties to the others.
    const int from = spec.arg == kNone ? spec.from.plain() : s;
    if (from == kNone || op_.symbols[from].arg == kNone)
      throw WrongRange(string(op_.name) + ": " + textOf(spec.from) + " is " + to_string(size) + wanted);
    fail(op_.symbols[from].arg, "has " + to_string(size) +
                                    (op_.symbols[from].axis == SymbolSpec::rows ? " rows" : " columns") +
                                    wanted);
  }

  void shapes() const {
    for (int i = 0; i < op_.argCount; i++) {
      if (absent(i)) continue;
      const ArgSpec& spec = op_.args[i];
      const Argument& v = values_[i];
      axis(i, spec.rows, v.rows, isFixed(spec.cols) && v.cols == 1 ? "values" : "rows");
      if (spec.packsArg == kNone) {
        axis(i, spec.cols, v.cols, isFixed(spec.rows) && v.rows == 1 ? "values" : "columns");
      } else {
        packedSize(i, spec.packsArg);
      }
      if (v.cols > spec.maxCols)
        fail(i, "has " + to_string(v.cols) + " columns, at most " + to_string(spec.maxCols) +
                    " keep a sum in 32 bits");
    }
  }

  static bool isFixed(const Dim& dim) { return !dim.text && dim.plain() == kNone; }

  void axis(int i, const Dim& dim, int64_t is, const char* what) const {
    if (is == expected(dim)) return;
    fail(i, "has " + to_string(is) + " " + what + ", expected " + to_string(expected(dim)) + origin(dim));
  }

  void packedSize(int i, int codes) const {
    const Argument& c = values_[codes];
    const int64_t size = table_.packedTernaryBytes(c.rows, c.cols);
    if (values_[i].cols == size) return;
    fail(i, "has " + to_string(values_[i].cols) + " bytes, expected " + to_string(size) + " (" +
                quoted(codes) + " packed for " + table_.name + ")");
  }

  void equations() const {
    for (int e = 0; e < op_.equationCount; e++) {
      const EquationSpec& equation = op_.equations[e];
      if (dims_[equation.symbol] != expected(equation.dim))
        throw WrongRange(string(op_.name) + ": " + op_.symbols[equation.symbol].name + " is " +
                         to_string(dims_[equation.symbol]) + ", expected " +
                         to_string(expected(equation.dim)) + origin(equation.dim));
    }
  }

  void overlaps() const {
    for (int i = 0; i < op_.argCount; i++) {
      if (absent(i) || !op_.args[i].isWritten) continue;
      for (int j = 0; j < op_.argCount; j++) {
        if (j == i || absent(j) || (j < i && op_.args[j].isWritten)) continue;
        const Argument& a = values_[i];
        const Argument& b = values_[j];
        const uintptr_t aBegin = reinterpret_cast<uintptr_t>(a.data),
                        bBegin = reinterpret_cast<uintptr_t>(b.data);
        const uintptr_t aEnd = aBegin + a.length * bytesOf(op_.args[i].type);
        const uintptr_t bEnd = bBegin + b.length * bytesOf(op_.args[j].type);
        if (aBegin >= bEnd || bBegin >= aEnd) continue;
        if (op_.args[i].aliasArg == j && aBegin == bBegin && aEnd == bEnd) continue;
        fail(i, "shares memory with " + quoted(j));
      }
    }
  }

  void indices() const {
    for (int i = 0; i < op_.argCount; i++) {
      if (absent(i)) continue;
      const ArgSpec& spec = op_.args[i];
      if (spec.offsetsIntoSymbol != kNone) offsets(i, spec.offsetsIntoSymbol);
      if (spec.belowSymbol != kNone) below(i, spec);
    }
  }

  void offsets(int i, int into) const {
    const int32_t* at = static_cast<const int32_t*>(values_[i].data);
    int32_t previous = 0;
    for (size_t k = 0; k < values_[i].length; k++) {
      if (at[k] < previous)
        fail(i, "holds " + to_string(at[k]) + " at " + to_string(k) + ", expected at least " +
                    to_string(previous));
      previous = at[k];
    }
    if (previous > dims_[into])
      fail(i, "ends at " + to_string(previous) + ", expected at most " + to_string(dims_[into]) +
                  origin(symbol(into)));
  }

  void below(int i, const ArgSpec& spec) const {
    const int32_t* ids = static_cast<const int32_t*>(values_[i].data);
    size_t first = 0, last = values_[i].length;
    if (last > INT32_MAX)
      fail(i, "has " + to_string(last) + " values, at most 2147483647 are counted in 32 bits");
    if (spec.entriesOfArg != kNone) {
      // `offsets` is an earlier argument: it has been checked to be monotone and within this one.
      const Argument& offsets = values_[spec.entriesOfArg];
      const int32_t* at = static_cast<const int32_t*>(offsets.data);
      first = static_cast<size_t>(at[0]);
      last = static_cast<size_t>(at[offsets.length - 1]);
    }
    const int64_t limit = dims_[spec.belowSymbol];
    const uint32_t bound = limit > INT32_MAX ? 1u << 31 : static_cast<uint32_t>(limit);
    uint32_t largest = 0;
    for (size_t k = first; k < last; k++) {
      const uint32_t id = static_cast<uint32_t>(ids[k]);  // a negative id becomes larger than any bound
      largest = id > largest ? id : largest;
    }
    if (first == last || largest < bound) return;
    size_t wrong = first;
    while (static_cast<uint32_t>(ids[wrong]) < bound) wrong++;
    fail(i, "holds " + to_string(ids[wrong]) + " at " + to_string(wrong) + ", expected 0 to below " +
                to_string(limit) + origin(symbol(spec.belowSymbol)));
  }

  /** An empty call is fine if it only adds empty sums or has empty outputs; otherwise it is an error. */
  bool isEmpty() const {
    if (op_.mayBeEmpty) return false;
    int empty = kNone;
    bool hasOutput = false;
    for (int i = 0; i < op_.argCount; i++) {
      const ArgSpec& spec = op_.args[i];
      if (absent(i)) continue;
      hasOutput |= spec.isOut && values_[i].length > 0;
      if (!spec.isOut && spec.entriesOfArg == kNone && values_[i].length == 0) empty = i;
    }
    if (empty != kNone && hasOutput) fail(empty, "has no values");
    return empty != kNone;
  }

  const OpSpec& op_;
  const Argument* values_;
  const KernelTable& table_;
  int64_t dims_[kMaxSymbols];
};

}  // namespace

bool checkArguments(const OpSpec& op, const Argument* values, const KernelTable& table) {
  return Check(op, values, table).run();
}

}  // namespace flashlm
