// Node's border to the C interface (flashlm.h): the only file that uses Node-API. JavaScript owns all memory;
// native code borrows it for one call, or until the deferred calls have run, and keeps no pointer.
#include <napi.h>

#include <cmath>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dispatch.h"
#include "flashlm.h"
#include "op_table.h"

namespace flashlm {
namespace {

constexpr double kMaxSafeInteger = 9007199254740991.0;
constexpr size_t kCacheLine = 64;

struct ArrayType {
  napi_typedarray_type napi;
  const char* name;
};
constexpr ArrayType kArrayTypes[] = {{napi_float32_array, "Float32Array"},
                                     {napi_int8_array, "Int8Array"},
                                     {napi_int32_array, "Int32Array"},
                                     {napi_uint8_array, "Uint8Array"}};

constexpr const ArrayType& arrayType(Type type) { return kArrayTypes[static_cast<int>(type)]; }

/** The first 40 characters of a string. */
std::string beginning(Napi::Value string) {
  char text[41];
  size_t length;
  napi_get_value_string_utf8(string.Env(), string, text, sizeof text, &length);
  return {text, length};
}

/** The name of an object's class. Getters and proxies run the user's code here; what it throws is ignored. */
std::string className(Napi::Object object) {
  try {
    const Napi::Value constructor = object.Get("constructor");
    if (!constructor.IsFunction()) return "object";
    const Napi::Value name = constructor.As<Napi::Object>().Get("name");
    if (name.IsString()) return beginning(name);
  } catch (const Napi::Error&) {
  }
  return "object";
}

/** What a value is, for an error: "Float64Array", "string abc", "null". */
std::string described(Napi::Value value) {
  if (value.IsNull()) return "null";
  if (value.IsUndefined()) return "undefined";
  if (value.IsSymbol()) return "symbol";
  if (value.IsObject()) return className(value.As<Napi::Object>());
  const char* type = value.IsNumber() ? "number " : value.IsString() ? "string " : "";
  return type + beginning(value.ToString());
}

/** Reads the arguments of one call. */
class ArgumentReader {
 public:
  ArgumentReader(const Napi::CallbackInfo& info, const OpSpec& op) : info_(info), env_(info.Env()), op_(op) {}

  void read(Argument* values) {
    if (info_.Length() != static_cast<size_t>(op_.valueCount))
      throw WrongType(std::string(op_.name) + ": got " + std::to_string(info_.Length()) +
                      " values, expected " + std::to_string(op_.valueCount));
    for (int i = 0; i < op_.argCount; i++) {
      const ArgSpec& spec = op_.args[i];
      if (spec.kind == Kind::tensor) tensor(spec, values[i]);
      if (spec.kind == Kind::scalar) number(spec, values[i]);
      if (spec.kind == Kind::choice) choice(spec, values[i]);
    }
  }

 private:
  template <class Error = WrongType>
  [[noreturn]] void fail(const ArgSpec& spec, const std::string& what) const {
    throw Error(std::string(op_.name) + ": '" + spec.name + "' " + what);
  }

  void tensor(const ArgSpec& spec, Argument& value) {
    const Napi::Value array = info_[next_++];
    napi_typedarray_type type;
    // Another thread could change shared indices between their check and their use.
    const bool holdsIndices = spec.belowSymbol != kNone || spec.offsetsIntoSymbol != kNone;
    napi_value buffer;
    const napi_status status = napi_get_typedarray_info(env_, array, &type, &value.length, &value.data,
                                                        holdsIndices ? &buffer : nullptr, nullptr);
    if (status != napi_ok || type != arrayType(spec.type).napi) {
      if (spec.isOptional && array.IsNull()) {
        value = {nullptr, 0, 0, 0, 0, 0};
        next_ += 2;
        return;
      }
      fail(spec, std::string("must be ") + arrayType(spec.type).name + ", got " + described(array));
    }
    if (holdsIndices && !Napi::Value(env_, buffer).IsArrayBuffer())
      fail(spec, "must not be shared memory: it holds indices");
    value.rows = size(spec, "rows");
    value.cols = size(spec, "columns");
    if (value.length == 0) {
      if (value.rows != 0 && value.cols != 0 && isDetached(array))
        fail(spec, "is detached: its memory was transferred");
      // Null means absent.
      static const uint64_t empty = 0;
      value.data = const_cast<uint64_t*>(&empty);
    }
  }

  bool isDetached(const Napi::Value& array) const {
    const Napi::Value buffer = array.As<Napi::TypedArray>().ArrayBuffer();
    return buffer.IsArrayBuffer() && buffer.As<Napi::ArrayBuffer>().IsDetached();
  }

  int64_t size(const ArgSpec& spec, const char* what) {
    const Napi::Value given = info_[next_++];
    double number;
    if (napi_get_value_double(env_, given, &number) != napi_ok)
      fail(spec, std::string("has no number of ") + what + ": got " + described(given));
    if (!(number >= 0 && number <= kMaxSafeInteger && number == std::floor(number)))
      fail<WrongRange>(spec,
                       "has " + given.ToString().Utf8Value() + " " + what + ", expected a whole number");
    return static_cast<int64_t>(number);
  }

  void number(const ArgSpec& spec, Argument& value) {
    const Napi::Value given = info_[next_++];
    if (napi_get_value_double(env_, given, &value.number) != napi_ok)
      fail(spec, "must be a number, got " + described(given));
    if (std::isnan(value.number)) fail<WrongRange>(spec, "is NaN");
    if (spec.min != kNone && !(value.number >= static_cast<double>(spec.min) &&
                               value.number <= kMaxSafeInteger && value.number == std::floor(value.number)))
      fail<WrongRange>(spec, "is " + given.ToString().Utf8Value() + ", expected a whole number of at least " +
                                 std::to_string(spec.min));
  }

  void choice(const ArgSpec& spec, Argument& value) {
    const Napi::Value given = info_[next_++];
    char text[32];
    size_t length;
    if (napi_get_value_string_utf8(env_, given, text, sizeof text, &length) != napi_ok)
      fail(spec, "must be a string, got " + described(given));
    std::string names;
    for (value.choice = 0; value.choice < spec.valueCount; value.choice++) {
      if (std::string_view(text, length) == spec.values[value.choice]) return;
      names += std::string(names.empty() ? "" : ", ") + spec.values[value.choice];
    }
    fail<WrongRange>(spec, std::string("is '") + text + "', expected one of " + names);
  }

  const Napi::CallbackInfo& info_;
  const napi_env env_;
  const OpSpec& op_;
  size_t next_ = 0;
};

/** `new Engine({isa?, features?, threads?})`: the kernels of one instruction set, and their scratch memory.
 */
class Engine : public Napi::ObjectWrap<Engine> {
 public:
  static Napi::Function define(Napi::Env env) {
    std::vector<PropertyDescriptor> properties{
        InstanceMethod<&Engine::open>("open"),
        InstanceMethod<&Engine::close>("close"),
        InstanceMethod<&Engine::discard>("discard"),
        InstanceMethod<&Engine::rehearse>("rehearse"),
        InstanceMethod<&Engine::workingBytes>("workingBytes"),
        InstanceMethod<&Engine::packedTernaryBytes>("packedTernaryBytes"),
        InstanceMethod<&Engine::measureLimit>("measureLimit"),
        InstanceMethod<&Engine::digest>("digest"),
        InstanceMethod<&Engine::findNonFinite>("findNonFinite"),
        InstanceMethod<&Engine::dispose>("dispose"),
    };
    for (int op = 0; op < kOpCount; op++)
      properties.push_back(
          InstanceMethod<&Engine::run>(kOps[op].name, napi_default_method, const_cast<OpSpec*>(&kOps[op])));
    return DefineClass(env, "Engine", properties);
  }

  explicit Engine(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Engine>(info) {
    if (!info[0].IsUndefined() && !info[0].IsObject())
      throw WrongTypeIn(info.Env(), "options must be an object, got " + described(info[0]));
    const Napi::Object options =
        info[0].IsObject() ? info[0].As<Napi::Object>() : Napi::Object::New(info.Env());
    const Napi::Value isa = options.Get("isa"), features = options.Get("features"),
                      threads = options.Get("threads");
    std::string name;
    if (!isa.IsUndefined()) {
      if (!isa.IsString()) throw WrongTypeIn(info.Env(), "isa must be a string, got " + described(isa));
      name = isa.As<Napi::String>();
    }
    std::vector<std::string> wanted;
    if (features.IsArray()) {
      const Napi::Array list = features.As<Napi::Array>();
      for (uint32_t i = 0; i < list.Length(); i++) {
        const Napi::Value feature = list.Get(i);
        if (!feature.IsString())
          throw WrongTypeIn(info.Env(), "a feature must be a string, got " + described(feature));
        wanted.push_back(feature.As<Napi::String>());
      }
    } else if (!features.IsUndefined()) {
      throw WrongTypeIn(info.Env(), "features must be an array, got " + described(features));
    }
    double count = 1;
    if (!threads.IsUndefined()) {
      if (!threads.IsNumber())
        throw WrongTypeIn(info.Env(), "threads must be a number, got " + described(threads));
      count = threads.As<Napi::Number>();
    }
    // In C a name ends at its first null character.
    wanted.push_back(name);
    for (const std::string& each : wanted) {
      if (each.find('\0') != std::string::npos)
        throw Napi::RangeError::New(info.Env(), "native: a name has a null character");
    }
    wanted.pop_back();
    std::vector<const char*> names;
    for (const std::string& feature : wanted) names.push_back(feature.c_str());
    // What is no whole number is out of range too.
    const bool isWhole = count >= 0 && count <= INT32_MAX && count == std::floor(count);
    if (!isWhole)
      throw Napi::RangeError::New(
          info.Env(), "native: threads is " + threads.ToString().Utf8Value() + ", expected 1 to 1024");
    // Without features none is wanted; a null list would mean all.
    static const char* const none[] = {nullptr};
    flashlm_engine* made;
    char error[512];
    const flashlm_status status =
        flashlm_create(name.c_str(),
                       features.IsUndefined() ? nullptr
                       : names.empty()        ? none
                                              : names.data(),
                       names.size(), static_cast<int>(count), &made, error, sizeof error);
    if (status != FLASHLM_OK) throw Napi::RangeError::New(info.Env(), error);
    engine_.reset(made);
    describe(info.This().As<Napi::Object>());
  }

 private:
  struct Destroy {
    void operator()(flashlm_engine* engine) const { flashlm_destroy(engine); }
  };

  /** Defines plain properties, not accessors: Node checks the receiver of a method, but not of an accessor.
   */
  void describe(Napi::Object self) const {
    const Napi::Env env = self.Env();
    const size_t count = flashlm_feature_count(engine_.get());
    Napi::Array features = Napi::Array::New(env, count);
    for (size_t i = 0; i < count; i++) features.Set(i, flashlm_feature(engine_.get(), i));
    features.Freeze();
    const auto value = [](const char* name, Napi::Value value) {
      return Napi::PropertyDescriptor::Value(name, value, napi_enumerable);
    };
    self.DefineProperties({value("isa", Napi::String::New(env, flashlm_isa(engine_.get()))),
                           value("features", features),
                           value("threads", Napi::Number::New(env, flashlm_threads(engine_.get())))});
  }

  static Napi::Error WrongTypeIn(Napi::Env env, const std::string& what) {
    return Napi::TypeError::New(env, "native: " + what);
  }

  flashlm_engine* engine(const Napi::Env& env) const {
    if (!engine_) throw Napi::Error::New(env, "native: this backend has been disposed of");
    return engine_.get();
  }

  /** Throws what a status says. */
  static void require(const Napi::Env& env, const flashlm_engine* engine, flashlm_status status) {
    if (status == FLASHLM_OK) return;
    const char* error = flashlm_error(engine);
    if (status == FLASHLM_WRONG_TYPE) throw Napi::TypeError::New(env, error);
    throw Napi::RangeError::New(env, error);
  }

  /** Runs the op in `info.Data()`. */
  Napi::Value run(const Napi::CallbackInfo& info) {
    const OpSpec& op = *static_cast<const OpSpec*>(info.Data());
    flashlm_engine* e = engine(info.Env());
    Argument values[kMaxArgs];
    try {
      ArgumentReader(info, op).read(values);
    } catch (const WrongType& error) {
      throw Napi::TypeError::New(info.Env(), error.what());
    } catch (const WrongRange& error) {
      throw Napi::RangeError::New(info.Env(), error.what());
    }
    double result;
    require(info.Env(), e, flashlm_run(e, static_cast<int>(&op - kOps), values, &result));
    return op.returnsNumber ? Napi::Number::New(info.Env(), result) : info.Env().Undefined();
  }

  /** Until `close`, calls that can be deferred are recorded. JavaScript keeps their arrays alive. */
  void open(const Napi::CallbackInfo& info) { flashlm_open(engine(info.Env())); }

  /**
   * `close(transient, seconds)`: runs the recorded calls. The contents of the arrays in `transient` are not
   * needed afterwards. `seconds`, a Float64Array or null, gets the time of each call since `open`, 0 if it
   * was not deferred. With wrong arguments nothing runs.
   */
  void close(const Napi::CallbackInfo& info) {
    discardUnless(info.Env(), [&] {
      const std::vector<flashlm_range> transient = ranges(info[0]);
      double* seconds = secondsFor(flashlm_call_count(engine(info.Env())), info[1]);
      // The engine is read only now, because reading the list can run the user's code.
      flashlm_engine* e = engine(info.Env());
      require(info.Env(), e, flashlm_close(e, transient.data(), transient.size(), seconds));
    });
  }

  template <class Run>
  void discardUnless(const Napi::Env& env, const Run& run) {
    try {
      run();
    } catch (...) {
      if (engine_) flashlm_discard(engine(env));
      throw;
    }
  }

  /** The memory of a list of typed arrays. */
  static std::vector<flashlm_range> ranges(const Napi::Value& value) {
    if (!value.IsArray())
      throw WrongTypeIn(value.Env(), "close: expected a list of typed arrays, got " + described(value));
    const Napi::Array list = value.As<Napi::Array>();
    std::vector<flashlm_range> found;
    for (uint32_t i = 0; i < list.Length(); i++) {
      const Napi::Value each = list.Get(i);
      if (!each.IsTypedArray())
        throw WrongTypeIn(value.Env(), "close: expected a typed array, got " + described(each));
      void* data = nullptr;
      napi_get_typedarray_info(list.Env(), each, nullptr, nullptr, &data, nullptr, nullptr);
      found.push_back({data, each.As<Napi::TypedArray>().ByteLength()});
    }
    return found;
  }

  /** The array for the times of `calls` calls; null for null. */
  static double* secondsFor(size_t calls, const Napi::Value& value) {
    if (value.IsNull()) return nullptr;
    if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_float64_array)
      throw WrongTypeIn(value.Env(), "close: expected a Float64Array or null, got " + described(value));
    Napi::Float64Array seconds = value.As<Napi::Float64Array>();
    if (seconds.ElementLength() < calls)
      throw Napi::RangeError::New(value.Env(),
                                  "native: close: there were " + std::to_string(calls) + " calls");
    return seconds.Data();
  }

  void discard(const Napi::CallbackInfo& info) { flashlm_discard(engine(info.Env())); }

  Napi::Value packedTernaryBytes(const Napi::CallbackInfo& info) {
    flashlm_engine* e = engine(info.Env());
    int64_t sizes[2];
    for (int i = 0; i < 2; i++) {
      const double size = info[i].IsNumber() ? info[i].As<Napi::Number>().DoubleValue() : -1;
      // What is no whole number is as wrong as a negative one.
      sizes[i] =
          size >= 0 && size <= kMaxSafeInteger && size == std::floor(size) ? static_cast<int64_t>(size) : -1;
    }
    int64_t bytes;
    require(info.Env(), e, flashlm_packed_ternary_bytes(e, sizes[0], sizes[1], &bytes));
    return Napi::Number::New(info.Env(), static_cast<double>(bytes));
  }

  /** `measureLimit(name, rounds, memory)`: {seconds, work} of a loop that does one thing only; see limits.h.
   */
  Napi::Value measureLimit(const Napi::CallbackInfo& info) {
    if (!info[0].IsString())
      throw Napi::TypeError::New(info.Env(), "measureLimit: expected the name of a limit");
    const std::string name = info[0].As<Napi::String>().Utf8Value();
    flashlm_engine* e = engine(info.Env());
    const double rounds = info[1].IsNumber() ? info[1].As<Napi::Number>().DoubleValue() : 0;
    if (!(rounds >= 1 && rounds <= INT32_MAX && rounds == std::floor(rounds)))
      throw Napi::RangeError::New(info.Env(), "measureLimit: expected a whole number of rounds below 2^31");
    if (!info[2].IsTypedArray() || info[2].As<Napi::TypedArray>().TypedArrayType() != napi_float32_array)
      throw Napi::TypeError::New(info.Env(), "measureLimit: expected a Float32Array");
    Napi::Float32Array memory = info[2].As<Napi::Float32Array>();
    const int64_t count = static_cast<int64_t>(memory.ElementLength()) / flashlm_threads(e);
    double seconds, work;
    require(info.Env(), e,
            flashlm_measure_limit(e, name.c_str(), static_cast<int64_t>(rounds), memory.Data(), count,
                                  &seconds, &work));
    Napi::Object object = Napi::Object::New(info.Env());
    object.Set("seconds", seconds);
    object.Set("work", work);
    return object;
  }

  /** From here on calls take their working memory, and compute nothing. */
  void rehearse(const Napi::CallbackInfo& info) { flashlm_rehearse(engine(info.Env())); }

  /** Bytes that calls have needed to work in. */
  Napi::Value workingBytes(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), static_cast<double>(flashlm_working_bytes(engine(info.Env()))));
  }

  /** `digest(array)`: a checksum of a typed array's bytes. */
  Napi::Value digest(const Napi::CallbackInfo& info) {
    flashlm_engine* e = engine(info.Env());
    if (!info[0].IsTypedArray()) throw Napi::TypeError::New(info.Env(), "digest: expected a typed array");
    const Napi::TypedArray array = info[0].As<Napi::TypedArray>();
    void* data = nullptr;
    napi_get_typedarray_info(info.Env(), array, nullptr, nullptr, &data, nullptr, nullptr);
    return Napi::Number::New(info.Env(), flashlm_digest(e, data, static_cast<int64_t>(array.ByteLength())));
  }

  /** `findNonFinite(array)`: index of the first NaN or infinity in a Float32Array, else -1. */
  Napi::Value findNonFinite(const Napi::CallbackInfo& info) {
    flashlm_engine* e = engine(info.Env());
    if (!info[0].IsTypedArray() || info[0].As<Napi::TypedArray>().TypedArrayType() != napi_float32_array)
      throw Napi::TypeError::New(info.Env(), "findNonFinite: expected a Float32Array");
    Napi::Float32Array array = info[0].As<Napi::Float32Array>();
    const int64_t count = static_cast<int64_t>(array.ElementLength());
    return Napi::Number::New(info.Env(),
                             static_cast<double>(flashlm_find_non_finite(e, array.Data(), count)));
  }

  void dispose(const Napi::CallbackInfo&) { engine_.reset(); }

  std::unique_ptr<flashlm_engine, Destroy> engine_;
};

Napi::Array strings(Napi::Env env, const std::vector<const char*>& names) {
  Napi::Array list = Napi::Array::New(env, names.size());
  for (size_t i = 0; i < names.size(); i++) list.Set(i, names[i]);
  return list;
}

/** `supported()`: the instruction sets, and what this machine and this build lack for each. */
Napi::Value supported(const Napi::CallbackInfo& info) {
  Napi::Array list = Napi::Array::New(info.Env());
  for (const IsaReport& report : isaReports()) {
    Napi::Object entry = Napi::Object::New(info.Env());
    entry.Set("isa", report.name);
    entry.Set("supported", report.missing.empty() && !report.own.empty());
    entry.Set("missing", strings(info.Env(), report.missing));
    entry.Set("features", strings(info.Env(), report.features));
    entry.Set("own", strings(info.Env(), report.own));
    Napi::Object replaced = Napi::Object::New(info.Env());
    for (const FeatureReport& feature : report.replaced)
      replaced.Set(feature.name, strings(info.Env(), feature.ops));
    entry.Set("replaced", replaced);
    Napi::Object tile = Napi::Object::New(info.Env());
    tile.Set("rows", static_cast<double>(report.productTileRows));
    tile.Set("cols", static_cast<double>(report.productTileCols));
    entry.Set("tile", tile);
    entry.Set("notBuilt", strings(info.Env(), report.notBuilt));
    list.Set(list.Length(), entry);
  }
  return list;
}

/** `misalignment(array)`: the bytes from the last 64-byte boundary to the array's first byte. */
Napi::Value misalignment(const Napi::CallbackInfo& info) {
  if (!info[0].IsTypedArray()) throw Napi::TypeError::New(info.Env(), "misalignment: expected a typed array");
  void* data = nullptr;
  napi_get_typedarray_info(info.Env(), info[0], nullptr, nullptr, &data, nullptr, nullptr);
  return Napi::Number::New(info.Env(), static_cast<double>(reinterpret_cast<uintptr_t>(data) % kCacheLine));
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  exports.Set("Engine", Engine::define(env));
  exports.Set("supported", Napi::Function::New<supported>(env, "supported"));
  exports.Set("misalignment", Napi::Function::New<misalignment>(env, "misalignment"));
  exports.Set("signature", flashlm_signature());
  return exports;
}

}  // namespace
}  // namespace flashlm

static Napi::Object initAddon(Napi::Env env, Napi::Object exports) { return flashlm::init(env, exports); }
NODE_API_MODULE(flashlm, initAddon)
