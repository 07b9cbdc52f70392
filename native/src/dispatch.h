#pragma once

#include <string>
#include <vector>

#include "../generated/ops.h"

namespace flashlm {

/** The ops that an extension has kernels for, whether this machine can run it or not. */
struct FeatureReport {
  const char* name;
  std::vector<const char*> ops;
};

/** Kernels compiled for one instruction set, and whether this machine can run them. */
struct IsaReport {
  const char* name;                     // "avx512"
  std::vector<const char*> missing;     // CPU features it needs and this machine lacks; empty = supported
  std::vector<const char*> features;    // extensions that replace some of its kernels here: "vnni"
  std::vector<const char*> own;         // ops with a kernel of its own; other ops run the scalar one
  std::vector<FeatureReport> replaced;  // for each of its extensions in the build
  int64_t productTileRows, productTileCols;  // of the float products' output tile; 0: not built
  std::vector<const char*> notBuilt;         // itself or its extensions, if they have no table in the build
};

/** Every instruction set of this architecture, slowest first. */
std::vector<IsaReport> isaReports();

struct Selection {
  KernelTable table;
  std::string isa;
  std::vector<std::string> features;
};

/**
 * The kernels of `isa` (empty: the best this machine supports) with the extensions in `features`, in any
 * order (null: all that it supports). Throws `std::invalid_argument` in the user's terms when the machine or
 * the build lacks one.
 */
Selection selectKernels(const std::string& isa, const std::vector<std::string>* features);

}  // namespace flashlm
