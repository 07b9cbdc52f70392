#pragma once

#include <stddef.h>

/**
 * Tells AddressSanitizer which bytes a masked instruction touches, and which bytes of a scratch block are not
 * handed out. In other builds these functions do nothing.
 */
#if defined(__SANITIZE_ADDRESS__)
#define FLASHLM_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FLASHLM_ASAN 1
#endif
#endif

#ifdef FLASHLM_ASAN
extern "C" {
void __asan_loadN(const volatile void*, size_t);
void __asan_storeN(volatile void*, size_t);
void __asan_poison_memory_region(const volatile void*, size_t);
void __asan_unpoison_memory_region(const volatile void*, size_t);
}
#endif

namespace flashlm {
namespace {

#ifdef FLASHLM_ASAN
constexpr bool kAsan = true;
static inline void willRead(const void* first, size_t bytes) { __asan_loadN(first, bytes); }
static inline void willWrite(void* first, size_t bytes) { __asan_storeN(first, bytes); }
static inline void forbid(void* first, size_t bytes) { __asan_poison_memory_region(first, bytes); }
static inline void allow(void* first, size_t bytes) { __asan_unpoison_memory_region(first, bytes); }
#else
constexpr bool kAsan = false;
static inline void willRead(const void*, size_t) {}
static inline void willWrite(void*, size_t) {}
static inline void forbid(void*, size_t) {}
static inline void allow(void*, size_t) {}
#endif

}  // namespace
}  // namespace flashlm
