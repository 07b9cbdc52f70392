// `npm run test:crash -- --kills 200 [--seed 7]`: the crash tests of `npm test` with more kills, at other moments.
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { kills: { type: 'string', default: '100' }, seed: { type: 'string' } },
});
const seed = values.seed ?? String(randomInt(2 ** 31));
console.log(`${values.kills} kills; to see the same moments again: --seed ${seed}`);
const { status } = spawnSync('npx', ['vitest', 'run', 'test/cli/kill.test.ts', 'test/faults'], {
  stdio: 'inherit',
  env: {
    ...process.env,
    FLASHLM_TEST_KILLS: values.kills,
    FLASHLM_TEST_SEED: seed,
    FLASHLM_TESTS: 'all',
  },
});
process.exitCode = status ?? 1;
