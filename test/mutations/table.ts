import { fileURLToPath } from 'node:url';
import type { Check, Mutation } from './check.ts';
import type { NativeMutant } from './native/mutant.ts';
import { NATIVE_MUTANTS } from './native/mutants/index.ts';
import type { Catchers } from './native/run.ts';

/** The committed table. */
export const TABLE = fileURLToPath(new URL('../../docs/mutations.md', import.meta.url));

export interface Finding {
  readonly mutation: Mutation;
  /** Names of checks. */
  readonly caughtBy: readonly string[];
}

/** The table as `docs/mutations.md` holds it. */
export function renderTable(
  findings: readonly Finding[],
  checks: readonly Check[],
  catchers: Catchers,
): string {
  const row = ({ mutation: { id, fault, where, historical }, caughtBy }: Finding): string =>
    `| \`${id}\`${historical ? ' *' : ''} | ${fault} | ${where} | ${caughtBy.join(', ') || '**nothing**'} |`;
  const native = ({ id, fault, file, equivalent }: NativeMutant): string =>
    `| \`${id}\` | ${fault} | ${file} | ${equivalent ? `nothing: ${equivalent}` : (catchers[id]?.suite ?? '**nothing**')} |`;
  return `# What the tests would catch

Each of these ${findings.length} faults is planted in FlashLM's TypeScript, one at a time, and the project's checks are run against it. The last
column is what they found. \`npm run mutations\` writes this page; \`npm test\` fails when it finds something else, when
a fault is caught by nothing, or when a check finds anything in FlashLM as it is. Faults marked * are not invented.

| fault | what is wrong | where | caught by |
| --- | --- | --- | --- |
${findings.map(row).join('\n')}

The checks are those of the other suites on small sizes:

${[...new Set(checks.map(({ name, holds }) => `* **${name}**: ${holds}`))].join('\n')}

## Native code

These faults are compiled into one build of the kernels and of the addon, and chosen at run time. The last
column is the suite in \`test/\` that found the fault first, on the instruction sets of an x64 machine with AVX2, or why
no suite can find it. \`npm run mutations\` builds and runs them; \`npm test\` fails when a fault no longer fits the
sources, or when it has neither a suite nor a reason.

| fault | what is wrong | where in native/ | caught by |
| --- | --- | --- | --- |
${NATIVE_MUTANTS.map(native).join('\n')}
`;
}
