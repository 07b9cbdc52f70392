#pragma once

#include <stdint.h>

/**
 * What an x86 machine says of itself. Nothing else asks it, so that a test can link other answers in: those
 * of CPUs that are not available.
 */
namespace flashlm {

struct CpuidLeaf {
  uint32_t a, b, c, d;
};

/** CPUID's answer; false where the CPU has no such leaf. */
bool readCpuid(uint32_t leaf, uint32_t subleaf, CpuidLeaf& answer);

/** XCR0: the register states that the operating system saves. Only where CPUID reports OSXSAVE. */
uint64_t savedStates();

/** Whether this process may use tile registers; asks the operating system for them. */
bool requestTiles();

}  // namespace flashlm
