/**
 * The suites that native mutants are run against, relative to `test/` and without `.test.ts`: quick ones first, as a
 * mutant is run until the first test fails.
 */
export const SUITES: readonly string[] = [
  'conformance/thresholds',
  'conformance/quantisers',
  'conformance/saturation',
  'conformance/special',
  'native/arguments',
  'backends/digest',
  'conformance/conformance',
  'native/many-threads',
  'native/hostile-engine',
  'conformance/invariance',
  'native/hostile',
  'backends/together',
];
