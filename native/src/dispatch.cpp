#include "dispatch.h"

#include <algorithm>
#include <stdexcept>

#include "cpu.h"

// The only symbols that files compiled for an instruction set export. A table that was not built is null:
// builds leave out what the compiler does not support, and builds of an installation what the CPU lacks.
#define TABLE(name) extern "C" __attribute__((weak)) const flashlm::KernelTable kernel_table_##name
extern "C" const flashlm::KernelTable kernel_table_scalar;
#if defined(__x86_64__)
TABLE(avx2);
TABLE(avx2_vnni);
TABLE(avx512);
TABLE(avx512_vnni);
TABLE(avx512_vpopcntdq);
TABLE(avx512_bf16);
TABLE(avx512_amx);
#endif
#if defined(__aarch64__) || defined(FLASHLM_SIMDE)
TABLE(neon);
TABLE(neon_dotprod);
#endif
#if defined(__aarch64__)
TABLE(neon_bf16);
#endif
#undef TABLE

namespace flashlm {
namespace {

struct Isa {
  const char* name;
  CpuFeatures needs;
  const KernelTable* table;
};

/** An extension that replaces some kernels of an instruction set, and of the extensions before it.
 */
struct Feature {
  const char* isa;
  const char* name;
  CpuFeatures needs;
  const KernelTable* table;
};

#if defined(__x86_64__)
constexpr CpuFeatures kNeedsAvx2 = kAvx2 | kFma | kF16c | kPopcnt;
const Isa kIsas[] = {
    {"scalar", 0, &kernel_table_scalar},
#ifdef FLASHLM_SIMDE
    {"neon", kNeedsAvx2, &kernel_table_neon},
#endif
    {"avx2", kNeedsAvx2, &kernel_table_avx2},
    {"avx512", kNeedsAvx2 | kAvx512f | kAvx512bw | kAvx512dq | kAvx512vl, &kernel_table_avx512},
};
const Feature kFeatures[] = {
#ifdef FLASHLM_SIMDE
    {"neon", "dotprod", kNeedsAvx2, &kernel_table_neon_dotprod},
#endif
    {"avx2", "vnni", kAvxvnni, &kernel_table_avx2_vnni},
    {"avx512", "vnni", kAvx512vnni, &kernel_table_avx512_vnni},
    {"avx512", "vpopcntdq", kAvx512vnni | kAvx512vpopcntdq, &kernel_table_avx512_vpopcntdq},
    {"avx512", "bf16", kAvx512vnni | kAvx512bf16, &kernel_table_avx512_bf16},
    {"avx512", "amx", kAvx512vnni | kAvx512bf16 | kAmxTile | kAmxBf16 | kAmxInt8, &kernel_table_avx512_amx},
};
#elif defined(__aarch64__)
const Isa kIsas[] = {{"scalar", 0, &kernel_table_scalar}, {"neon", kNeon, &kernel_table_neon}};
const Feature kFeatures[] = {
    {"neon", "dotprod", kDotprod, &kernel_table_neon_dotprod},
    {"neon", "bf16", kDotprod | kBf16, &kernel_table_neon_bf16},
};
#else
const Isa kIsas[] = {{"scalar", 0, &kernel_table_scalar}};
const Feature kFeatures[] = {{"", "", 0, nullptr}};
#endif

std::vector<const char*> lacking(CpuFeatures needs) {
  const CpuFeatures missing = needs & ~cpuFeatures();
  std::vector<const char*> names;
  for (CpuFeatures bit = 1; bit; bit <<= 1)
    if (missing & bit) names.push_back(cpuFeatureName(bit));
  return names;
}

/** Calls `visit(name, slot, slot of the other)` for every op. */
template <class Table, class Visit>
void eachOp(Table& table, const KernelTable& other, const Visit& visit) {
#define OP(name, Name, Result) visit(#name, table.name, other.name);
#include "../generated/op_list.inl"
#undef OP
}

/** Copies the kernels that `from` has into `table`. */
void overlay(KernelTable& table, const KernelTable& from) {
  const auto put = [](auto& slot, auto value) {
    if (value) slot = value;
  };
  put(table.name, from.name);
  for (const Limit& limit : kLimits) put(table.limits.*limit.loop, from.limits.*limit.loop);
  // The popcount limit belongs to the kernel that counts bits.
  if (from.ternaryMatmul) table.limits.popcount = from.limits.popcount;
  put(table.packedTernaryBytes, from.packedTernaryBytes);
  eachOp(table, from, [&](const char*, auto& slot, auto kernel) { put(slot, kernel); });
}

/** The ops for which `table` has its own kernel, not the one of `base`. */
std::vector<const char*> ownOps(const KernelTable& table, const KernelTable& base) {
  std::vector<const char*> names;
  eachOp(table, base, [&](const char* name, auto kernel, auto other) {
    if (kernel && kernel != other) names.push_back(name);
  });
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
    if (isa.table && lacking(isa.needs).empty()) best = &isa;
  return *best;
}

const Isa& findIsa(const std::string& name) {
  std::vector<const char*> names;
  for (const Isa& isa : kIsas) {
    if (name == isa.name) return isa;
    if (isa.table) names.push_back(isa.name);
  }
  throw std::invalid_argument("native:" + name + " is not part of this build (it has " + joined(names, ", ") +
                              ")");
}

const Feature& findFeature(const Isa& isa, const std::string& name) {
  for (const Feature& feature : kFeatures)
    if (name == feature.name && std::string(isa.name) == feature.isa) return feature;
  throw std::invalid_argument("native:" + std::string(isa.name) + " has no feature '" + name + "'");
}

void require(const std::string& name, CpuFeatures needs, const KernelTable* table) {
  const std::vector<const char*> missing = lacking(needs);
  if (!missing.empty())
    throw std::invalid_argument("native:" + name + " is not supported by this CPU (lacks " +
                                joined(missing, " ") + ")");
  if (!table) throw std::invalid_argument("native:" + name + " was not built");
}

std::vector<const char*> supportedFeatures(const Isa& isa) {
  std::vector<const char*> names;
  for (const Feature& feature : kFeatures)
    if (feature.table && std::string(isa.name) == feature.isa && lacking(feature.needs).empty())
      names.push_back(feature.name);
  return names;
}

}  // namespace

std::vector<IsaReport> isaReports() {
  std::vector<IsaReport> reports;
  for (const Isa& isa : kIsas) {
    IsaReport report{isa.name, lacking(isa.needs), supportedFeatures(isa), {}, {}, 0, 0, {}};
    if (isa.table) {
      const KernelTable base = isa.table == &kernel_table_scalar ? KernelTable{} : kernel_table_scalar;
      report.own = ownOps(*isa.table, base);
      report.productTileRows = isa.table->productTileRows;
      report.productTileCols = isa.table->productTileCols;
    } else report.notBuilt.push_back(isa.name);
    for (const Feature& feature : kFeatures) {
      if (std::string(isa.name) != feature.isa) continue;
      if (!feature.table) report.notBuilt.push_back(feature.name);
      else if (isa.table) report.replaced.push_back({feature.name, ownOps(*feature.table, *isa.table)});
    }
    reports.push_back(report);
  }
  return reports;
}

Selection selectKernels(const std::string& name, const std::vector<std::string>* wanted) {
  const Isa& isa = name.empty() ? bestIsa() : findIsa(name);
  require(isa.name, isa.needs, isa.table);

  Selection selection{{}, isa.name, {}};
  // Every table starts as the scalar one, so no slot is ever empty.
  selection.table = kernel_table_scalar;
  overlay(selection.table, *isa.table);

  const std::vector<const char*> all = supportedFeatures(isa);
  const std::vector<std::string> features =
      wanted ? *wanted : std::vector<std::string>(all.begin(), all.end());
  std::vector<const Feature*> chosen;
  for (const std::string& featureName : features) {
    chosen.push_back(&findFeature(isa, featureName));
    require(isa.name + ("+" + featureName), chosen.back()->needs, chosen.back()->table);
  }
  // In the order of the list, so that a set of features always has the same name.
  for (const Feature& feature : kFeatures) {
    if (std::find(chosen.begin(), chosen.end(), &feature) == chosen.end()) continue;
    overlay(selection.table, *feature.table);
    selection.features.push_back(feature.name);
  }
  return selection;
}

}  // namespace flashlm
