import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { runInProcess } from '../cli/fake-terminal.ts';
import { effort } from '../effort.ts';
import { leftovers, outcomeOf, RECIPE, TinyRun, wholeCheckpoints } from './tiny-run.ts';

const BLOCKS_A_STEP = effort(7, 1);

// What disk-faults.test.ts imitates, where this machine lets us make a disk that is small enough to fill.
it('a run on a full disk ends with one clear error, and resumes when there is space again', async (context) => {
  const disk = mkdtempSync(join(tmpdir(), 'flashlm-disk-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'none', disk], { encoding: 'utf8' });
  if (mounted.status !== 0) {
    rmdirSync(disk);
    context.skip(`no small disk can be mounted here: ${mounted.stderr ?? mounted.error}`);
  }
  try {
    const tiny = new TinyRun(RECIPE, { parent: disk });
    await tiny.train();
    const whole = outcomeOf((await tiny.latest())!);
    const ballast = join(disk, 'ballast');
    let refused = 0;
    for (let free = 0; ; free += BLOCKS_A_STEP) {
      tiny.clear({ cache: true });
      const { bavail, bsize } = statfsSync(disk);
      writeFileSync(ballast, Buffer.alloc((bavail - free) * bsize));
      const { status, stderr } = await runInProcess(['train', tiny.recipe, '--out', tiny.runs, '--json']);
      rmSync(ballast);
      const run = await tiny.latest();
      if (run) await wholeCheckpoints(run);
      expect(leftovers(tiny.root)).toEqual([]);
      if (status === 0) break;
      refused++;
      expect(stderr).toMatch(/^error: .*no space left on the disk\n {2}at .*\n {2}.+\n$/m);
      await tiny.train();
      expect(outcomeOf((await tiny.latest())!)).toEqual(whole);
    }
    expect(refused).toBeGreaterThan(4);
  } finally {
    vi.unstubAllEnvs();
    // Lazily: a process or a file that is about to end may still be using it.
    spawnSync('umount', ['-l', disk]);
    rmdirSync(disk);
  }
});
