import { parseArgs } from 'node:util';
import { type Finding, Fuzzer } from './fuzzer.ts';
import { literal } from './literal.ts';
import { TARGETS } from './targets/index.ts';

// `npm run fuzz -- --minutes N`: fresh seeds, each target in turn, until the time is up.
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    /** Part of a target's name: only these. */
    target: { type: 'string', default: '' },
    /** The first seed; without it one of the clock. */
    seed: { type: 'string' },
  },
});

/** Each target has its turn for about this long; a turn that has begun is finished. */
const TURN_MS = 2000;
const RUNS = 25;
const minutes = Number(values.minutes);
const targets = TARGETS.filter(({ name }) => name.includes(values.target));
let seed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
if (!(minutes > 0) || !Number.isSafeInteger(seed) || targets.length === 0) {
  console.error('usage: npm run fuzz -- [--minutes N] [--target NAME] [--seed N]');
  console.error(`targets: ${TARGETS.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}

const end = performance.now() + 60_000 * minutes;
const fuzzers = new Map<string, Fuzzer>();
for (const target of targets) {
  fuzzers.set(target.name, await Fuzzer.open(target));
}
console.log(`fuzzing ${fuzzers.size} targets for ${values.minutes} minutes, first seed ${seed}`);

const findings: Finding[] = [];
const left = new Set(fuzzers.keys());
while (left.size > 0 && performance.now() < end) {
  for (const name of left) {
    if (performance.now() > end) break;
    const turnEnds = Math.min(end, performance.now() + TURN_MS);
    let finding: Finding | undefined;
    while (!finding && performance.now() < turnEnds) finding = await fuzzers.get(name)!.run(seed++, RUNS);
    if (!finding) continue;
    // One finding hides all others of its target.
    left.delete(name);
    findings.push(finding);
    tell(finding);
  }
}

console.table(
  Object.fromEntries(
    [...fuzzers].map(([name, { figures }]) => [
      name,
      { ...figures, longestMs: Math.round(figures.longestMs) },
    ]),
  ),
);
const peak = process.resourceUsage().maxRSS / 1000;
console.log(`peak resident memory ${Math.round(peak)} MB, ${findings.length} findings`);
for (const fuzzer of fuzzers.values()) await fuzzer.close();
process.exit(findings.length > 0 ? 1 : 0);

function tell({ target, input, error, seed }: Finding): void {
  console.error(`\nFOUND in '${target}' with seed ${seed}:`);
  console.error(error);
  console.error('To keep it, once it is fixed, add to test/fuzz/regressions.ts:');
  console.error(`  [${literal(target)}, ${literal(input)}],\n`);
}
