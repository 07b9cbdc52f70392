#pragma once

#include <stdint.h>

namespace flashlm {

/** One bit per CPU feature that a kernel file may need, in the order of `cpuFeatureName`. */
using CpuFeatures = uint32_t;

#if defined(__x86_64__)
constexpr CpuFeatures kAvx2 = 1 << 0, kFma = 1 << 1, kF16c = 1 << 2, kPopcnt = 1 << 3, kAvx512f = 1 << 4,
                      kAvx512bw = 1 << 5, kAvx512dq = 1 << 6, kAvx512vl = 1 << 7, kAvx512vnni = 1 << 8,
                      kAvx512vpopcntdq = 1 << 9, kAvx512bf16 = 1 << 10, kAvxvnni = 1 << 11,
                      kAmxTile = 1 << 12, kAmxBf16 = 1 << 13, kAmxInt8 = 1 << 14;
#elif defined(__aarch64__)
constexpr CpuFeatures kNeon = 1 << 0, kDotprod = 1 << 1, kBf16 = 1 << 2;
#endif

/**
 * What the CPU has *and* the operating system saves on a context switch. Linux saves AMX's tile registers
 * only for processes that request it; the first call does.
 */
CpuFeatures cpuFeatures();

/** "avx512bw": the name of one bit. */
const char* cpuFeatureName(CpuFeatures bit);

}  // namespace flashlm
