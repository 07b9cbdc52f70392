import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The files that take longest, in that order. */
const LONG = [
  'conformance/conformance',
  'conformance/invariance',
  'cli/train',
  'faults/disk-faults',
  'cli/signals',
  'mutations/mutations',
  'verify/causality',
  'docs/snippets',
  'data/prepare',
  'cli/verify',
  'properties/compute',
  'native/many-threads',
  'native/hostile',
  'golden/twins',
  'golden/v61',
];

/**
 * Begins with the files that take longest: one of them that began last would run alone, with the other CPUs idle. Vitest knows
 * how long files take from the run before; in a fresh checkout there is none.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = LONG.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`));
      return at < 0 ? LONG.length : at;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}
