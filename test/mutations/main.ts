import { writeFileSync } from 'node:fs';
import { caughtBy, opsOf } from './check.ts';
import { CHECKS } from './checks.ts';
import { MUTATIONS } from './mutations.ts';
import { NATIVE_MUTANTS } from './native/mutants/index.ts';
import { recordCatchers, recordedCatchers, runNativeMutants } from './native/run.ts';
import { type Finding, renderTable, TABLE } from './table.ts';

/** Plants every fault in TypeScript and tells what finds it. */
async function typescript(): Promise<Finding[]> {
  for (const check of CHECKS) {
    try {
      await opsOf(check);
    } catch (error) {
      throw new Error(`${check.name} finds something in FlashLM as it is`, { cause: error });
    }
  }
  const findings: Finding[] = [];
  for (const mutation of MUTATIONS) {
    const caught = await caughtBy(mutation, CHECKS);
    console.log(`${mutation.id}: ${caught.join(', ') || 'NOTHING'}`);
    if (caught.length === 0) process.exitCode = 1;
    findings.push({ mutation, caughtBy: caught });
  }
  return findings;
}

// `npm run mutations`: plants every fault, tells what finds it, and writes docs/mutations.md. With arguments
// (`npm run mutations -- adamw`) only the native faults whose names contain one of them.
const wanted = process.argv.slice(2);
const isWanted = (id: string): boolean => wanted.length === 0 || wanted.some((part) => id.includes(part));
const findings = await typescript();
const { catchers, missed } = await runNativeMutants(console.log, isWanted);
const isCurrent = ([id]: [string, unknown]): boolean =>
  NATIVE_MUTANTS.some((mutant) => mutant.id === id && !mutant.equivalent && !missed.includes(id));
recordCatchers(Object.fromEntries(Object.entries({ ...recordedCatchers(), ...catchers }).filter(isCurrent)));
if (missed.length) {
  console.error(`nothing finds ${missed.join(', ')}`);
  process.exitCode = 1;
}
writeFileSync(TABLE, renderTable(findings, CHECKS, recordedCatchers()));
