import { writeFileSync } from 'node:fs';
import { caughtBy, verdict } from './check.ts';
import { CHECKS } from './checks.ts';
import { MUTATIONS } from './mutations.ts';
import { GENUINE } from './subject.ts';
import { type Finding, renderTable, TABLE } from './table.ts';

// `npm run mutations`: plants every fault, tells what finds it, and writes docs/mutations.md.
for (const check of CHECKS) {
  const error = await verdict(check, GENUINE);
  if (!error) continue;
  console.error(`${check.name} finds something in FlashLM as it is: ${error.message}`);
  process.exitCode = 1;
}
const findings: Finding[] = [];
for (const mutation of MUTATIONS) {
  const caught = await caughtBy(mutation, CHECKS);
  console.log(`${mutation.id}: ${caught.join(', ') || 'NOTHING'}`);
  if (caught.length === 0) process.exitCode = 1;
  findings.push({ mutation, caughtBy: caught });
}
writeFileSync(TABLE, renderTable(findings, CHECKS));
