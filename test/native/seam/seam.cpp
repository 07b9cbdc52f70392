// Linked into the addon for tests alone, around functions that it calls (`--wrap`): memory that cannot be
// had, threads that the system refuses, and CPUs that are not at hand. Without the variables that tests set,
// everything is as in the addon.
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <new>

#include "../../../native/src/machine.h"

namespace {

/** What a test and the addon share: the file that FLASHLM_SEAM names. */
struct Shared {
  /** Allocations so far; those from number `failBegin` to before `failEnd`, counted from 1, fail. */
  std::atomic<int64_t> allocations, failBegin, failEnd;
  /** Bytes of working memory that are allocated. */
  std::atomic<int64_t> bytes;
};

Shared* shared() {
  static std::atomic<Shared*> mapped{nullptr};
  if (Shared* found = mapped.load()) return found;
  const char* name = getenv("FLASHLM_SEAM");
  const int file = name ? open(name, O_RDWR) : -1;
  if (file < 0) return nullptr;
  void* memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (memory == MAP_FAILED) return nullptr;
  mapped = static_cast<Shared*>(memory);
  return mapped;
}

bool isRefused() {
  Shared* s = shared();
  if (!s) return false;
  const int64_t number = ++s->allocations;
  return number >= s->failBegin && number < s->failEnd;
}

/** Finds `key` in FLASHLM_CPU, "key value value ...; key ..." in hexadecimal; the text after it, or null. */
const char* cpuSays(const char* key) {
  const char* text = getenv("FLASHLM_CPU");
  const char* found = text ? strstr(text, key) : nullptr;
  return found ? found + strlen(key) : nullptr;
}

constexpr size_t kHead = 64;

}  // namespace

extern "C" {

void* __real__Znwm(size_t size);
void* __wrap__Znwm(size_t size) {
  if (isRefused()) throw std::bad_alloc();
  return __real__Znwm(size);
}

void* __real__Znam(size_t size);
void* __wrap__Znam(size_t size) {
  if (isRefused()) throw std::bad_alloc();
  return __real__Znam(size);
}

// Working memory alone is aligned: what is allocated is counted in front of it.
void* __real__ZnwmSt11align_val_tRKSt9nothrow_t(size_t size, std::align_val_t align,
                                                const std::nothrow_t& tag);
void* __wrap__ZnwmSt11align_val_tRKSt9nothrow_t(size_t size, std::align_val_t align,
                                                const std::nothrow_t& tag) {
  if (isRefused()) return nullptr;
  auto* memory = static_cast<char*>(__real__ZnwmSt11align_val_tRKSt9nothrow_t(size + kHead, align, tag));
  if (!memory) return nullptr;
  const int64_t bytes = shared() ? static_cast<int64_t>(size) : 0;
  memcpy(memory, &bytes, sizeof bytes);
  if (bytes) shared()->bytes += bytes;
  return memory + kHead;
}

void __real__ZdlPvSt11align_val_t(void* memory, std::align_val_t align);
void __wrap__ZdlPvSt11align_val_t(void* memory, std::align_val_t align) {
  char* first = static_cast<char*>(memory) - kHead;
  int64_t bytes;
  memcpy(&bytes, first, sizeof bytes);
  if (bytes) shared()->bytes -= bytes;
  __real__ZdlPvSt11align_val_t(first, align);
}

bool __real__ZN7flashlm9readCpuidEjjRNS_9CpuidLeafE(uint32_t leaf, uint32_t subleaf,
                                                    flashlm::CpuidLeaf& answer);
bool __wrap__ZN7flashlm9readCpuidEjjRNS_9CpuidLeafE(uint32_t leaf, uint32_t subleaf,
                                                    flashlm::CpuidLeaf& answer) {
  if (!getenv("FLASHLM_CPU")) return __real__ZN7flashlm9readCpuidEjjRNS_9CpuidLeafE(leaf, subleaf, answer);
  char key[32];
  snprintf(key, sizeof key, "leaf %x.%x", leaf, subleaf);
  const char* values = cpuSays(key);
  return values && sscanf(values, "%x %x %x %x", &answer.a, &answer.b, &answer.c, &answer.d) == 4;
}

uint64_t __real__ZN7flashlm11savedStatesEv();
uint64_t __wrap__ZN7flashlm11savedStatesEv() {
  const char* value = cpuSays("xcr0");
  return value ? strtoull(value, nullptr, 16) : __real__ZN7flashlm11savedStatesEv();
}

bool __real__ZN7flashlm12requestTilesEv();
bool __wrap__ZN7flashlm12requestTilesEv() {
  const char* value = cpuSays("tiles");
  return value ? atoi(value) != 0 : __real__ZN7flashlm12requestTilesEv();
}

int __real_pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*run)(void*), void*);
int __wrap_pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*run)(void*),
                          void* of) {
  static std::atomic<int> created{0};
  const char* most = getenv("FLASHLM_MOST_THREADS");
  if (most && created++ >= atoi(most)) return EAGAIN;
  return __real_pthread_create(thread, attributes, run, of);
}
}
