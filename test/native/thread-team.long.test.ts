import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nativeStatus } from '../../src/backends/native/index.ts';
import { buildThreadTeam, TEAM_SOURCE } from './thread-team.ts';

const FAULTS: readonly { fault: string; at: string; wrong: string; check: string }[] = [
  {
    fault: 'leaves out the last piece',
    at: 'piece < pieces_;',
    wrong: 'piece < pieces_ - 1;',
    check: 'many',
  },
  {
    fault: 'leaves pieces to threads that there are not',
    at: 'runPiecesOf(0, others + 1)',
    wrong: 'runPiecesOf(0, pieces)',
    check: 'refused',
  },
  {
    fault: 'does not wait for the others',
    at: 'running_.load() == 0;',
    wrong: 'true;',
    check: 'sleep',
  },
  {
    fault: 'does not wake a thread that sleeps',
    at: 'pthread_cond_signal(&wake_);',
    wrong: '',
    check: 'sleep',
  },
  {
    fault: 'looks whether a thread sleeps before it begins the section',
    at: 'section_.store(section);\n    for (Worker* worker = first_; others-- > 0; worker = worker->next) worker->waiter.wake();',
    wrong:
      'for (Worker* worker = first_; others-- > 0; worker = worker->next) worker->waiter.wake();\n section_.store(section);',
    check: 'sleep',
  },
  {
    fault: 'makes a team for each section',
    at: 'if (!teams.team) teams.team',
    wrong: 'teams.team',
    check: 'pieces',
  },
  {
    fault: 'is in a section for ever',
    at: 'inSection = false;\n  }',
    wrong: '}',
    check: 'nested',
  },
  {
    fault: 'is shared by all threads',
    at: 'thread_local Teams teams',
    wrong: 'Teams teams',
    check: 'callers',
  },
  {
    fault: 'is not ended',
    at: 'if (team && team->isOfThisProcess()) delete team;',
    wrong: '',
    check: 'ends',
  },
  {
    fault: 'of the process that forked is used',
    at: 'return forks_ == forks.load();',
    wrong: 'return true;',
    check: 'fork',
  },
];

describe.runIf(process.platform === 'linux' && nativeStatus().available)('a team of threads', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'flashlm-team-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(FAULTS)('a team that $fault is noticed', ({ at, wrong, check }) => {
    const text = readFileSync(TEAM_SOURCE, 'utf8');
    expect(text.split(at)).toHaveLength(2);
    const source = path.join(folder, 'faulty.cpp');
    writeFileSync(source, text.replace(at, wrong));
    // What waits for ever is ended; a machine that others use runs a check of a tenth of a second in less.
    const options = { timeout: 10_000, stdio: 'ignore' } as const;
    expect(spawnSync(buildThreadTeam(folder, source), [check], options).status).not.toBe(0);
  });
});
