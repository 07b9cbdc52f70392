#include "cpu.h"

#if defined(__x86_64__)
#include "machine.h"
#elif defined(__aarch64__) && defined(__APPLE__)
#include <sys/sysctl.h>
#elif defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace flashlm {
namespace {

struct Named {
  CpuFeatures bit;
  const char* name;
};

#if defined(__x86_64__)
constexpr Named kNames[] = {{kAvx2, "avx2"},
                            {kFma, "fma"},
                            {kF16c, "f16c"},
                            {kPopcnt, "popcnt"},
                            {kAvx512f, "avx512f"},
                            {kAvx512bw, "avx512bw"},
                            {kAvx512dq, "avx512dq"},
                            {kAvx512vl, "avx512vl"},
                            {kAvx512vnni, "avx512vnni"},
                            {kAvx512vpopcntdq, "avx512vpopcntdq"},
                            {kAvx512bf16, "avx512bf16"},
                            {kAvxvnni, "avxvnni"},
                            {kAmxTile, "amx-tile"},
                            {kAmxBf16, "amx-bf16"},
                            {kAmxInt8, "amx-int8"}};
#elif defined(__aarch64__)
constexpr Named kNames[] = {{kNeon, "neon"}, {kDotprod, "dotprod"}, {kBf16, "bf16"}};
#else
constexpr Named kNames[] = {{0, ""}};
#endif

CpuFeatures detect() {
  CpuFeatures found = 0;
#if defined(__x86_64__)
  const auto add = [&found](bool present, CpuFeatures bit) { found |= present ? bit : 0; };
  CpuidLeaf leaf;
  if (!readCpuid(1, 0, leaf)) return 0;
  // CPUID is not enough: unless the operating system saves the registers, the first instruction faults.
  const bool osxsave = leaf.c & 1u << 27;
  const uint64_t saved = osxsave ? savedStates() : 0;
  const bool ymm = (saved & 0x6) == 0x6;    // SSE and AVX state
  const bool zmm = (saved & 0xe6) == 0xe6;  // and opmask, upper halves, registers 16 to 31
  add(leaf.c & 1u << 23, kPopcnt);
  add(ymm && leaf.c & 1u << 12, kFma);
  add(ymm && leaf.c & 1u << 29, kF16c);
  if (!readCpuid(7, 0, leaf)) return found;
  add(ymm && leaf.b & 1u << 5, kAvx2);
  add(zmm && leaf.b & 1u << 16, kAvx512f);
  add(zmm && leaf.b & 1u << 17, kAvx512dq);
  add(zmm && leaf.b & 1u << 30, kAvx512bw);
  add(zmm && leaf.b & 1u << 31, kAvx512vl);
  add(zmm && leaf.c & 1u << 11, kAvx512vnni);
  add(zmm && leaf.c & 1u << 14, kAvx512vpopcntdq);
  const bool tiles = (saved & 0x60000) == 0x60000 && leaf.d & 1u << 24 && requestTiles();
  add(tiles, kAmxTile);
  add(tiles && leaf.d & 1u << 22, kAmxBf16);
  add(tiles && leaf.d & 1u << 25, kAmxInt8);
  if (!readCpuid(7, 1, leaf)) return found;
  add(ymm && leaf.a & 1u << 4, kAvxvnni);
  add(zmm && leaf.a & 1u << 5, kAvx512bf16);
#elif defined(__aarch64__) && defined(__APPLE__)
  found = kNeon;
  const auto has = [](const char* name) {
    int value = 0;
    size_t size = sizeof value;
    return sysctlbyname(name, &value, &size, nullptr, 0) == 0 && value;
  };
  if (has("hw.optional.arm.FEAT_DotProd")) found |= kDotprod;
  if (has("hw.optional.arm.FEAT_BF16")) found |= kBf16;
#elif defined(__aarch64__)
  const unsigned long capabilities = getauxval(AT_HWCAP);
  if (capabilities & HWCAP_ASIMD) found |= kNeon;
  if (capabilities & HWCAP_ASIMDDP) found |= kDotprod;
#ifdef HWCAP2_BF16  // headers of Linux 5.6 and later
  if (getauxval(AT_HWCAP2) & HWCAP2_BF16) found |= kBf16;
#endif
#endif
  return found;
}

}  // namespace

CpuFeatures cpuFeatures() {
  static const CpuFeatures found = detect();
  return found;
}

const char* cpuFeatureName(CpuFeatures bit) {
  for (const Named& named : kNames)
    if (named.bit == bit) return named.name;
  return "";
}

}  // namespace flashlm
