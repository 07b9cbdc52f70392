import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dataCaches, memoryLevels, shareOf } from '../../src/bench/machine-limits.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flashlm-caches-'));
  const caches = [
    ['3', 'Unified', '32768K', '0-7'],
    ['1', 'Data', '48K', '0,4'],
    ['1', 'Instruction', '32K', '0,4'],
    ['2', 'Unified', '1024K', '0,4'],
  ];
  for (const [i, [level, type, size, shared]] of caches.entries()) {
    const index = join(folder, `index${i}`);
    await mkdir(index);
    const files = { level, type, size, shared_cpu_list: shared };
    for (const [name, text] of Object.entries(files)) await writeFile(join(index, name), `${text}\n`);
  }
  await writeFile(join(folder, 'uevent'), '');
});
afterAll(() => rm(folder, { recursive: true }));

describe('caches', () => {
  it('caches are read from Linux, without instruction caches', () => {
    expect(dataCaches(folder)).toEqual([
      { level: 1, bytes: 48 * 1024, cpus: 2 },
      { level: 2, bytes: 1024 ** 2, cpus: 2 },
      { level: 3, bytes: 32 * 1024 ** 2, cpus: 8 },
    ]);
  });

  it('cache sizes are assumed where the system does not report them', async () => {
    const assumed = dataCaches(join(folder, 'nowhere'));
    expect(assumed.map(({ level }) => level)).toEqual([1, 2, 3]);
    expect(dataCaches(join(folder, 'index0'))).toEqual(assumed);
  });

  it('caches are shared among the threads that run on their CPUs', () => {
    const [l1, , l3] = dataCaches(folder);
    expect(shareOf(l1!, 1, 8)).toBe(48 * 1024);
    expect(shareOf(l1!, 4, 8)).toBe(48 * 1024);
    expect(shareOf(l1!, 8, 8)).toBe(24 * 1024);
    expect(shareOf(l3!, 1, 8)).toBe(32 * 1024 ** 2);
    expect(shareOf(l3!, 8, 8)).toBe(4 * 1024 ** 2);
    expect(shareOf(l3!, 16, 8)).toBe(2 * 1024 ** 2);
  });

  it('cache levels are measured at growing sizes, each inside the cache, and memory beyond the last', () => {
    const levels = memoryLevels(dataCaches(folder), 2, 8);
    expect(levels.map(({ name }) => name)).toEqual(['L1', 'L2', 'L3', 'L3', 'DRAM']);
    const measured = levels.map((level) => level.measured);
    expect(measured).toEqual([...measured].sort((a, b) => a - b));
    for (const { capacity, measured: bytes } of levels.slice(0, -1))
      expect(bytes).toBeLessThanOrEqual(capacity! / 2);
    expect(levels.at(-1)).toMatchObject({ capacity: null, measured: 3 * levels.at(-2)!.capacity! });
  });
});
