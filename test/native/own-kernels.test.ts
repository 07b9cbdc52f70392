import { readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { nativeStatus } from '../../src/backends/native/index.ts';
import { OP_NAMES } from '../../src/core/ops.ts';

const { isas, path: file } = nativeStatus();

describe.each(isas)('the table of $isa', ({ own, features, replaced }) => {
  it('has a kernel compiled for it for every op', () => {
    expect(own).toEqual(OP_NAMES);
  });

  it('is extended by features that replace something', () => {
    for (const ops of Object.values(replaced)) expect(ops).not.toEqual([]);
    expect(Object.keys(replaced)).toEqual(expect.arrayContaining([...features]));
  });
});

describe('the build', () => {
  it('offers every table that was compiled', () => {
    const objects = readdirSync(path.join(path.dirname(file!), 'obj'));
    const compiled = objects.flatMap((name) => /^((?:scalar|avx|neon).*)-\w+\.o$/.exec(name)?.[1] ?? []);
    const offered = isas.flatMap(({ isa, replaced }) => [
      isa,
      ...Object.keys(replaced).map((feature) => `${isa}_${feature}`),
    ]);
    expect(offered.sort()).toEqual(compiled.sort());
  });
});
