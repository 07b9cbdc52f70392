#pragma once

#include "arguments.h"

namespace flashlm {

/** The ops of the op table. */
extern const OpSpec* const kOps;
extern const int kOpCount;

}  // namespace flashlm
