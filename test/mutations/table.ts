import { fileURLToPath } from 'node:url';
import type { Check, Mutation } from './check.ts';

/** The committed table. */
export const TABLE = fileURLToPath(new URL('../../docs/mutations.md', import.meta.url));

export interface Finding {
  readonly mutation: Mutation;
  /** Names of checks. */
  readonly caughtBy: readonly string[];
}

/** The table as `docs/mutations.md` holds it. */
export function renderTable(findings: readonly Finding[], checks: readonly Check[]): string {
  const row = ({ mutation: { id, fault, where, historical }, caughtBy }: Finding): string =>
    `| \`${id}\`${historical ? ' *' : ''} | ${fault} | ${where} | ${caughtBy.join(', ') || '**nothing**'} |`;
  return `# What the tests would catch

Each of these ${findings.length} faults is planted in FlashLM, one at a time, and the project's checks are run against it. The last
column is what they found. \`npm run mutations\` writes this page; \`npm test\` fails when it finds something else, when
a fault is caught by nothing, or when a check finds anything in FlashLM as it is. Faults marked * are not invented.

| fault | what is wrong | where | caught by |
| --- | --- | --- | --- |
${findings.map(row).join('\n')}

The checks are those of the other suites on small sizes:

${checks.map(({ name, holds }) => `* **${name}**: ${holds}`).join('\n')}
`;
}
