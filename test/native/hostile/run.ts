// Every op's attempts on every instruction set without a test runner, for tools that watch a process:
// node --import tsx run.ts [N], which makes each N-th attempt only.
import process from 'node:process';
import fc from 'fast-check';
import { createNativeBackend } from '../../../src/backends/native/index.ts';
import { loadAddon } from '../../../src/backends/native/load.ts';
import { OP_NAMES } from '../../../src/core/ops/table.ts';
import { attempts, make, singleAttempts } from './attempt.ts';

const every = Number(process.argv[2] ?? 1);
const addon = loadAddon().addon!;

for (const { isa, supported } of addon.supported()) {
  if (!supported) continue;
  const backend = createNativeBackend({ isa, threads: 1 });
  const target = { engine: new addon.Engine({ isa, threads: 2 }), backend };
  const made = { accepted: 0, refused: 0 };
  for (const [i, op] of OP_NAMES.entries()) {
    const several = fc.sample(attempts(op, target), { seed: i, numRuns: 200 });
    for (const [k, attempt] of [...singleAttempts(op, target), ...several].entries())
      if (k % every === i % every) made[make(attempt, target)]++;
  }
  console.log(`  ${backend.name}: ${made.accepted} calls accepted, ${made.refused} refused`);
  target.engine.dispose();
  backend.dispose();
}
