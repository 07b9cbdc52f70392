import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { OP_NAMES } from '../../src/core/ops/table.ts';
import { caughtBy, opsOf } from './check.ts';
import { CHECKS } from './checks.ts';
import { MUTATIONS } from './mutations.ts';
import { recordedCatchers } from './native/run.ts';
import { type Finding, renderTable, TABLE } from './table.ts';

describe('FlashLM as it is', () => {
  it.each(CHECKS.map((check) => [[check.name, check.of].filter(Boolean).join(' of '), check] as const))(
    'FlashLM without a planted fault passes: %s',
    async (_, check) => {
      await opsOf(check);
    },
  );
});

describe('a planted fault', () => {
  const findings: Finding[] = [];

  it.each(MUTATIONS.map((mutation) => [mutation.id, mutation] as const))(
    'the planted fault %s is caught',
    async (_, mutation) => {
      const caught = await caughtBy(mutation, CHECKS);
      findings.push({ mutation, caughtBy: caught });
      expect(caught).not.toEqual([]);
    },
  );

  it('every op has a planted fault, but for packTernary, which packs nothing in the reference', () => {
    const planted = new Set(MUTATIONS.map(({ op }) => op));
    expect(OP_NAMES.filter((op) => !planted.has(op))).toEqual(['packTernary']);
  });

  it('planted faults are caught as docs/mutations.md says (`npm run mutations` writes it)', () => {
    // A merge of two additions may leave their rows in any order.
    const linesOf = (text: string): string[] => text.split('\n').sort();
    expect(linesOf(readFileSync(TABLE, 'utf8'))).toEqual(
      linesOf(renderTable(findings, CHECKS, recordedCatchers())),
    );
  });
});
