#pragma once

/**
 * NEON on x86, for the sanitized build alone (test-sanitize.mjs): SIMDe's arm_neon.h, and what Debian's
 * version of it leaves out or does otherwise than the processor. It is included before everything else,
 * because kernel files ask for
 * __ARM_NEON first.
 */

#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/arm/neon.h>
#define __ARM_NEON 1

#ifndef __FMA__
#error "a fused multiply-add rounds once: SIMDe needs -mfma for that"
#endif

static inline float32x4_t flashlm_vdivq_f32(float32x4_t a, float32x4_t b) { return a / b; }
#undef vdivq_f32
#define vdivq_f32 flashlm_vdivq_f32

static inline float32x4_t flashlm_vsqrtq_f32(float32x4_t a) {
  for (int i = 0; i < 4; i++) a[i] = __builtin_sqrtf(a[i]);
  return a;
}
#undef vsqrtq_f32
#define vsqrtq_f32 flashlm_vsqrtq_f32

static inline float32x4_t flashlm_vfmsq_f32(float32x4_t a, float32x4_t b, float32x4_t c) {
  return vfmaq_f32(a, -b, c);
}
#undef vfmsq_f32
#define vfmsq_f32 flashlm_vfmsq_f32

static inline float64x2_t flashlm_vcvt_high_f64_f32(float32x4_t a) { return vcvt_f64_f32(vget_high_f32(a)); }
#undef vcvt_high_f64_f32
#define vcvt_high_f64_f32 flashlm_vcvt_high_f64_f32

/** To nearest, ties to even; what does not fit becomes the nearest that does, NaN becomes 0. */
static inline int32x4_t flashlm_vcvtnq_s32_f32(float32x4_t a) {
  int32x4_t result;
  for (int i = 0; i < 4; i++) {
    const float rounded = __builtin_nearbyintf(a[i]);
    result[i] = rounded >= 0x1p31f    ? INT32_MAX
                : rounded >= -0x1p31f ? (int32_t)rounded
                : rounded < 0         ? INT32_MIN
                                      : 0;
  }
  return result;
}
#undef vcvtnq_s32_f32
#define vcvtnq_s32_f32 flashlm_vcvtnq_s32_f32

static inline uint32x4x2_t flashlm_vld2q_dup_u32(const uint32_t* p) {
  return uint32x4x2_t{{vdupq_n_u32(p[0]), vdupq_n_u32(p[1])}};
}
#undef vld2q_dup_u32
#define vld2q_dup_u32 flashlm_vld2q_dup_u32
