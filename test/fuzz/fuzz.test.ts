import { existsSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { effort } from '../effort.ts';
import { Fuzzer } from './fuzzer.ts';
import { literal } from './literal.ts';
import { REGRESSIONS } from './regressions.ts';
import { TARGETS } from './targets/index.ts';

const SEED = 1;
/** The guard against hanging is the watchdog's; this one only has to be longer. */
const TIMEOUT_MS = 600_000;

describe.skipIf(process.platform === 'win32')('hostile input', () => {
  // Earlier files raised the peak of resident memory, and growth below a peak is not seen.
  beforeAll(() => {
    if (existsSync('/proc/self/clear_refs')) writeFileSync('/proc/self/clear_refs', '5');
  });

  it.each(TARGETS.map((target) => [target.name, target] as const))(
    'hostile input ends in a result or a FlashError: %s',
    async (_, target) => {
      const fuzzer = await Fuzzer.open(target);
      try {
        for (const [name, input] of REGRESSIONS) if (name === target.name) await fuzzer.try(input);
        const finding = await fuzzer.run(SEED, Math.ceil(target.runs / effort(5, 1)));
        if (finding) throw new Error(`found with ${literal(finding.input)}`, { cause: finding.error });
        // Else everything is refused at the door, and what is behind it was never tried.
        expect(fuzzer.figures.accepted).toBeGreaterThan(0);
      } finally {
        await fuzzer.close();
      }
    },
    TIMEOUT_MS,
  );

  it('every regression belongs to an existing fuzz target', () => {
    const names = TARGETS.map(({ name }) => name);
    for (const [name] of REGRESSIONS) expect(names).toContain(name);
  });
});
