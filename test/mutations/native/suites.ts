/**
 * The suites that native mutants are run against, relative to `test/` and without `.test.ts`: quick ones first, as a
 * mutant is run until the first test fails.
 */
export const SUITES: readonly string[] = [
  'conformance/thresholds',
  'conformance/quantisers',
  'conformance/saturation',
  'conformance/special',
  'layers/attention',
  'conformance/not-finite',
  'native/arguments',
  'backends/digest',
  'native/machines',
  'native/packed-weights',
  'conformance/conformance',
  'native/many-threads',
  'native/working-memory',
  'native/hostile-engine',
  'native/out-of-memory',
  'conformance/invariance',
  'properties/document-starts',
  'native/hostile',
  'backends/deferred',
  'native/large.long',
];
