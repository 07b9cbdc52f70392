import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Addon } from '../../src/backends/native/addon.ts';
import { OP_NAMES } from '../../src/core/ops/table.ts';
import { addonWithEveryTable } from './seam/build.ts';

// A local build, whatever FLASHLM_ADDON says: what was compiled for it lies beside it.
const file = await addonWithEveryTable();
const isas = (createRequire(import.meta.url)(file) as Addon).supported();

describe.each(isas)('the table of $isa', ({ isa, own, features, replaced, notBuilt, tile }) => {
  it(`${isa} has its own kernel for every op`, () => {
    expect(notBuilt).toEqual([]);
    expect(own).toEqual(OP_NAMES);
  });

  it(`${isa} reports the output tile of its float products if it was built`, () => {
    expect(tile.rows > 0 && tile.cols > 0).toBe(own.length > 0);
  });

  it(`every feature of ${isa} replaces a kernel`, () => {
    for (const ops of Object.values(replaced)) expect(ops).not.toEqual([]);
    expect(Object.keys(replaced)).toEqual(expect.arrayContaining([...features]));
  });
});

describe('the build', () => {
  it('supported lists every table that was compiled', () => {
    const objects = readdirSync(path.join(path.dirname(file), 'obj'));
    const compiled = objects.flatMap((name) => /^((?:scalar|avx|neon).*)-\w+\.o$/.exec(name)?.[1] ?? []);
    const offered = isas.flatMap(({ isa, replaced }) => [
      isa,
      ...Object.keys(replaced).map((feature) => `${isa}_${feature}`),
    ]);
    expect(offered.sort()).toEqual(compiled.sort());
  });
});
