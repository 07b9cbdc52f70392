#include "limits.h"

#include <chrono>
#include <stdexcept>
#include <string>

namespace flashlm {
namespace {

const Limit& findLimit(const std::string& name) {
  std::string names;
  for (const Limit& limit : kLimits) {
    if (name == limit.name) return limit;
    names += (names.empty() ? "" : ", ") + std::string(limit.name);
  }
  throw std::out_of_range("measureLimit: '" + name + "' is not a limit, expected one of " + names);
}

}  // namespace

LimitResult measureLimit(const LimitTable& table, Context& context, const char* name, const LimitWork& work) {
  const Limit& limit = findLimit(name);
  if (limit.needsMemory && work.count < kMinLimitCount)
    throw std::out_of_range("measureLimit: 'memory' has " + std::to_string(work.count) +
                            " values a thread, '" + name + "' needs at least " +
                            std::to_string(kMinLimitCount));
  const LimitTable::Loop loop = table.*limit.loop;
  if (!loop) return {0, 0};
  const auto begin = std::chrono::steady_clock::now();
  const double done = loop(context, work);
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - begin;
  return {passed.count(), done};
}

}  // namespace flashlm
