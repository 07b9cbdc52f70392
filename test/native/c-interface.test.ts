import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nativeVariants } from '../conformance/backends.ts';

// A script without types.
const { nativeStamp, readStamp } = await import(
  new URL('../../native/build-stamp.mjs', import.meta.url).href
);

const SOURCE = fileURLToPath(new URL('./children/c-host.c', import.meta.url));
const target = `${process.platform}-${process.arch}`;
const buildFolder = fileURLToPath(new URL(`../../native/build/${target}/`, import.meta.url));
const objectFolder = path.join(buildFolder, 'obj');
// A prebuilt addon comes without them.
const hasObjects = existsSync(objectFolder) && nativeVariants().length > 0;

/** The newest object of each source: all of the addon but what belongs to Node. What the last build waived is older. */
function objects(): string[] {
  const { waived } = readStamp(nativeStamp(buildFolder)) as { waived: readonly string[] };
  const others = new Set(['binding', ...waived.map((file) => path.parse(file).name)]);
  const newest = new Map<string, string>();
  const age = (name: string) => statSync(path.join(objectFolder, name)).mtimeMs;
  for (const name of readdirSync(objectFolder).filter((file) => file.endsWith('.o'))) {
    const source = name.replace(/-[0-9a-f]+\.o$/, '');
    const known = newest.get(source);
    if (!others.has(source) && (!known || age(name) > age(known))) newest.set(source, name);
  }
  return [...newest.values()].map((name) => path.join(objectFolder, name));
}

describe.skipIf(!hasObjects)('a host in C', () => {
  const isas = [
    ...new Set(nativeVariants().map(({ name }) => /[a-z0-9]+(?=[+]|$)/.exec(name.split(':')[1]!)![0])),
  ];
  let folder: string;
  let lines: string[];

  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'flashlm-c-'));
    const [object, program] = [path.join(folder, 'host.o'), path.join(folder, 'host')];
    const c = (process.env.CC || 'cc').split(' ');
    const cxx = (process.env.CXX || 'c++').split(' ');
    const strict = ['-std=c11', '-pedantic', '-Wall', '-Wextra', '-Werror'];
    execFileSync(c[0]!, [...c.slice(1), ...strict, '-c', SOURCE, '-o', object]);
    execFileSync(cxx[0]!, [...cxx.slice(1), object, ...objects(), '-pthread', '-o', program]);
    lines = execFileSync(program, ['none', ...isas], { encoding: 'utf8' })
      .trim()
      .split('\n');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('a host in C reads why an instruction set cannot be had', () => {
    expect(lines[0]).toContain('native:none is not part of this build');
  });

  it.each(isas)(
    'a host in C runs ops, deferred ones too, and reads what is wrong with a call, on %s',
    (isa) => {
      const begin = lines.indexOf(`isa ${isa}, 2 threads`);
      const of = lines.slice(begin + 1, begin + 9);
      const a = Array.from({ length: 15 }, (_, k) => k / 4);
      expect(of).toEqual([
        `add ${a.map((v) => v + 1).join(' ')}`,
        `sumSquares ${a.reduce((sum, v) => sum + (v + 1) ** 2, 0)}`,
        'before close 0 0',
        `after close ${a
          .slice(0, 3)
          .map((v) => v ** 2)
          .join(' ')}`,
        "2 add: 'a' has 15 values, expected 3 x 4",
        "2 add: 'a' must not be absent",
        "2 activation: 'fn' is no value of this choice",
        '2 native: there is no op -1',
      ]);
    },
  );
});
