import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { nativeStatus } from '../../src/backends/native/index.ts';
import { DATASETS } from '../../src/data/datasets.ts';
import { runInProcess } from './fake-terminal.ts';

describe('flashlm doctor', () => {
  it('doctor names every instruction set of the build with what it lacks, and the backend that runs', async () => {
    const { status, stdout } = await runInProcess(['doctor']);
    expect(status).toBe(0);
    const { isas, available } = nativeStatus();
    for (const { isa, supported, missing } of isas) {
      const line = stdout.split('\n').find((text) => text.trim().startsWith(`native:${isa} `))!;
      expect(line).toContain(supported ? 'yes' : missing.join(', '));
    }
    const best = isas.findLast((isa) => isa.supported);
    const chosen = stdout.split('\n').filter((line) => line.includes('used unless told otherwise'));
    expect(chosen).toHaveLength(1);
    expect(chosen[0]).toContain(available ? `native:${best!.isa}` : 'reference');
    expect(stdout).toMatch(/^ {2}reference +yes/m);
    expect(stdout).toContain('flashlm data tinystories');
  });

  it('doctor reports the instruction set in FLASHLM_ISA as the one that runs', async () => {
    const { stdout } = await runInProcess(['doctor', '--json'], { FLASHLM_ISA: 'scalar' });
    expect(JSON.parse(stdout).best).toBe(nativeStatus().available ? 'native:scalar' : 'reference');
  });

  it('doctor prints the same as one JSON object', async () => {
    const { status, stdout } = await runInProcess(['doctor', '--json'], { FLASHLM_CACHE: '/nowhere/cache' });
    expect(status).toBe(0);
    const report = JSON.parse(stdout);
    expect(Object.keys(report)).toEqual([
      'node',
      'platform',
      'cpu',
      'cpus',
      'memory',
      'best',
      'backends',
      'native',
      'cache',
      'datasets',
    ]);
    expect(report.cpus.usable).toBe(availableParallelism());
    expect(report.memory.free).toBeLessThanOrEqual(report.memory.total);
    expect(report.backends.map((backend: { name: string }) => backend.name)).toContain(report.best);
    expect(report.cache).toBe('/nowhere/cache');
    expect(report.datasets).toEqual(
      Object.entries(DATASETS).map(([name, { train, valid }]) => ({
        name,
        dir: `/nowhere/cache/datasets/${name}`,
        complete: false,
        bytes: 0,
        totalBytes: train.bytes + valid.bytes,
      })),
    );
  });

  it('doctor counts the leftovers of an interrupted download', async () => {
    const cache = await mkdtemp(join(tmpdir(), 'flashlm-cli-doctor-'));
    const folder = join(cache, 'datasets', 'tinystories');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, `${DATASETS.tinystories!.valid.name}.part`), Buffer.alloc(1_500_000));
    const { stdout } = await runInProcess(['doctor'], { FLASHLM_CACHE: cache });
    await rm(cache, { recursive: true });
    expect(stdout).toMatch(
      /^ {2}tinystories +1\.5 MB of 2\.25 GB here; get it with: npx flashlm data tinystories/m,
    );
  });
});
