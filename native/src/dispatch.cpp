#include "dispatch.h"

#include <stdexcept>

#include "cpu.h"

// The only symbols that files compiled for an instruction set export.
extern "C" {
void kernel_table_scalar(flashlm::KernelTable*);
#if defined(__x86_64__)
void kernel_table_avx2(flashlm::KernelTable*);
void kernel_table_avx512(flashlm::KernelTable*);
void kernel_table_avx512_vnni(flashlm::KernelTable*);
#endif
#if defined(__aarch64__) || defined(FLASHLM_SIMDE)
void kernel_table_neon(flashlm::KernelTable*);
void kernel_table_neon_dotprod(flashlm::KernelTable*);
#endif
}

namespace flashlm {
namespace {

using Fill = void (*)(KernelTable*);

struct Isa {
  const char* name;
  CpuFeatures needs;
  Fill fill;
};

/** An extension that replaces some kernels of an instruction set. */
struct Feature {
  const char* isa;
  const char* name;
  CpuFeatures needs;
  Fill fill;
};

#if defined(__x86_64__)
constexpr CpuFeatures kNeedsAvx2 = kAvx2 | kFma | kF16c | kPopcnt;
constexpr Isa kIsas[] = {
    {"scalar", 0, kernel_table_scalar},
#ifdef FLASHLM_SIMDE
    {"neon", kNeedsAvx2, kernel_table_neon},
#endif
    {"avx2", kNeedsAvx2, kernel_table_avx2},
    {"avx512", kNeedsAvx2 | kAvx512f | kAvx512bw | kAvx512dq | kAvx512vl, kernel_table_avx512},
};
constexpr Feature kFeatures[] = {
#ifdef FLASHLM_SIMDE
    {"neon", "dotprod", kNeedsAvx2, kernel_table_neon_dotprod},
#endif
    {"avx512", "vnni", kAvx512vnni, kernel_table_avx512_vnni},
};
#elif defined(__aarch64__)
constexpr Isa kIsas[] = {{"scalar", 0, kernel_table_scalar}, {"neon", kNeon, kernel_table_neon}};
constexpr Feature kFeatures[] = {{"neon", "dotprod", kDotprod, kernel_table_neon_dotprod}};
#else
constexpr Isa kIsas[] = {{"scalar", 0, kernel_table_scalar}};
constexpr Feature kFeatures[] = {{"", "", 0, nullptr}};
#endif

std::vector<const char*> lacking(CpuFeatures needs) {
  const CpuFeatures missing = needs & ~cpuFeatures();
  std::vector<const char*> names;
  for (CpuFeatures bit = 1; bit; bit <<= 1)
    if (missing & bit) names.push_back(cpuFeatureName(bit));
  return names;
}

template <class Names>
std::string joined(const Names& names, const char* separator) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : separator) + std::string(name);
  return text;
}

const Isa& bestIsa() {
  const Isa* best = &kIsas[0];
  for (const Isa& isa : kIsas)
    if (lacking(isa.needs).empty()) best = &isa;
  return *best;
}

const Isa& findIsa(const std::string& name) {
  std::vector<const char*> names;
  for (const Isa& isa : kIsas) {
    if (name == isa.name) return isa;
    names.push_back(isa.name);
  }
  throw std::invalid_argument("native:" + name + " is not part of this build (it has " + joined(names, ", ") + ")");
}

const Feature& findFeature(const Isa& isa, const std::string& name) {
  for (const Feature& feature : kFeatures)
    if (name == feature.name && std::string(isa.name) == feature.isa) return feature;
  throw std::invalid_argument("native:" + std::string(isa.name) + " has no feature '" + name + "'");
}

void require(const std::string& name, CpuFeatures needs) {
  const std::vector<const char*> missing = lacking(needs);
  if (missing.empty()) return;
  throw std::invalid_argument("native:" + name + " is not supported by this CPU (lacks " + joined(missing, " ") + ")");
}

std::vector<const char*> supportedFeatures(const Isa& isa) {
  std::vector<const char*> names;
  for (const Feature& feature : kFeatures)
    if (std::string(isa.name) == feature.isa && lacking(feature.needs).empty()) names.push_back(feature.name);
  return names;
}

}  // namespace

std::vector<IsaReport> isaReports() {
  std::vector<IsaReport> reports;
  for (const Isa& isa : kIsas) reports.push_back({isa.name, lacking(isa.needs), supportedFeatures(isa)});
  return reports;
}

Selection selectKernels(const std::string& name, const std::vector<std::string>* wanted) {
  const Isa& isa = name.empty() ? bestIsa() : findIsa(name);
  require(isa.name, isa.needs);

  Selection selection{{}, isa.name, {}};
  // Every table starts as the scalar one, so no slot is ever empty.
  kernel_table_scalar(&selection.table);
  isa.fill(&selection.table);

  const std::vector<const char*> all = supportedFeatures(isa);
  const std::vector<std::string> features =
      wanted ? *wanted : std::vector<std::string>(all.begin(), all.end());
  for (const std::string& featureName : features) {
    const Feature& feature = findFeature(isa, featureName);
    require(isa.name + ("+" + featureName), feature.needs);
    feature.fill(&selection.table);
    selection.features.push_back(featureName);
  }
  return selection;
}

}  // namespace flashlm
