import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nativeStatus } from '../../src/backends/native/index.ts';
import { buildThreadTeam } from './thread-team.ts';

const CHECKS = {
  pieces: 'each piece of a section runs once, on the same thread in every section',
  many: 'thousands of sections of different sizes run all of their pieces',
  sleep: 'threads that fall asleep, or are about to, wake up for the next section',
  nested: 'a section within a section runs on its thread',
  callers: 'threads that call at the same time do not disturb each other',
  ends: 'a team ends with the thread that it works for',
  fork: 'a child of a process with a team has its own, and ends',
  refused: 'where the system refuses threads, those that there are run all pieces',
};

describe.runIf(process.platform === 'linux' && nativeStatus().available)('a team of threads', () => {
  let folder: string;
  let program: string;
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'flashlm-team-'));
    program = buildThreadTeam(folder);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(Object.entries(CHECKS))('%s: %s', (check) => {
    expect(execFileSync(program, [check], { encoding: 'utf8' })).toBe(`${check}\n`);
  });
});
