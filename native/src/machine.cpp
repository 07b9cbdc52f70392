#include "machine.h"

#if defined(__x86_64__)
#include <cpuid.h>
#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace flashlm {

bool readCpuid(uint32_t leaf, uint32_t subleaf, CpuidLeaf& answer) {
  return __get_cpuid_count(leaf, subleaf, &answer.a, &answer.b, &answer.c, &answer.d);
}

uint64_t savedStates() {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return static_cast<uint64_t>(high) << 32 | low;
}

bool requestTiles() {
#ifdef __linux__
  // Linux refuses where a thread's stack for signals has no room for tiles.
  constexpr long REQUEST_PERMISSION = 0x1023, TILE_DATA = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
#else
  return false;
#endif
}

}  // namespace flashlm
#endif
