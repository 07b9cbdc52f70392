#include "cpu.h"

#if defined(__x86_64__)
#include <cpuid.h>
#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>
#endif
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
constexpr Named kNames[] = {{kAvx2, "avx2"},         {kFma, "fma"},           {kF16c, "f16c"},
                            {kPopcnt, "popcnt"},     {kAvx512f, "avx512f"},   {kAvx512bw, "avx512bw"},
                            {kAvx512dq, "avx512dq"}, {kAvx512vl, "avx512vl"}, {kAvx512vnni, "avx512vnni"},
                            {kAvx512vpopcntdq, "avx512vpopcntdq"}, {kAvx512bf16, "avx512bf16"}, {kAvxvnni, "avxvnni"},
                            {kAmxTile, "amx-tile"},  {kAmxBf16, "amx-bf16"},  {kAmxInt8, "amx-int8"}};

/** XCR0: the register states the operating system saves. CPUID alone says yes where the first instruction faults. */
uint64_t savedStates() {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return static_cast<uint64_t>(high) << 32 | low;
}

/** Whether this process may use tile registers. Linux refuses where a thread's stack for signals has no room for them. */
bool mayUseTiles() {
#ifdef __linux__
  constexpr long REQUEST_PERMISSION = 0x1023, TILE_DATA = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
#else
  return false;
#endif
}
#elif defined(__aarch64__)
constexpr Named kNames[] = {{kNeon, "neon"}, {kDotprod, "dotprod"}, {kBf16, "bf16"}};
#else
constexpr Named kNames[] = {{0, ""}};
#endif

CpuFeatures detect() {
  CpuFeatures found = 0;
#if defined(__x86_64__)
  uint32_t a, b, c, d;
  const auto add = [&found](bool present, CpuFeatures bit) { found |= present ? bit : 0; };
  if (!__get_cpuid(1, &a, &b, &c, &d)) return 0;
  const bool osxsave = c & 1u << 27;
  const uint64_t saved = osxsave ? savedStates() : 0;
  const bool ymm = (saved & 0x6) == 0x6;     // SSE and AVX state
  const bool zmm = (saved & 0xe6) == 0xe6;   // and opmask, upper halves, registers 16 to 31
  add(c & 1u << 23, kPopcnt);
  add(ymm && c & 1u << 12, kFma);
  add(ymm && c & 1u << 29, kF16c);
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return found;
  add(ymm && b & 1u << 5, kAvx2);
  add(zmm && b & 1u << 16, kAvx512f);
  add(zmm && b & 1u << 17, kAvx512dq);
  add(zmm && b & 1u << 30, kAvx512bw);
  add(zmm && b & 1u << 31, kAvx512vl);
  add(zmm && c & 1u << 11, kAvx512vnni);
  add(zmm && c & 1u << 14, kAvx512vpopcntdq);
  const bool tiles = (saved & 0x60000) == 0x60000 && d & 1u << 24 && mayUseTiles();
  add(tiles, kAmxTile);
  add(tiles && d & 1u << 22, kAmxBf16);
  add(tiles && d & 1u << 25, kAmxInt8);
  if (!__get_cpuid_count(7, 1, &a, &b, &c, &d)) return found;
  add(ymm && a & 1u << 4, kAvxvnni);
  add(zmm && a & 1u << 5, kAvx512bf16);
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
