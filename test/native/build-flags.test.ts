import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Addon } from '../../src/backends/native/addon.ts';
import { copyObjects } from './copy-objects.ts';

const script = (name: string): string => new URL(`../../native/${name}`, import.meta.url).href;
// Scripts without types.
const { build, buildFolder } = await import(script('build.mjs'));
const { beyondThisCpu, compileFlags, linkFlags } = await import(script('build-flags.mjs'));
const { compile, findCompiler, findObject } = await import(script('build-steps.mjs'));
const { splitWords } = await import(script('build-words.mjs'));

const require = createRequire(import.meta.url);
const source = (name: string): string => fileURLToPath(new URL(`../../native/${name}`, import.meta.url));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'flashlm-flags-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const target = (env: Record<string, string> = {}) => ({
  platform: 'linux',
  arch: process.arch,
  leftOut: [],
  env,
});

describe("the compiler's environment", () => {
  it('CXXFLAGS are split into words as a shell does it', () => {
    expect(splitWords(` ccache\tg++ -DA="x y" -DB=\\"q\\" 'a b'c -I/x\\ y `)).toEqual([
      'ccache',
      'g++',
      '-DA=x y',
      '-DB="q"',
      'a bc',
      '-I/x y',
    ]);
    expect(splitWords(undefined)).toEqual([]);
  });

  it('CXX can be several words, or a path with blanks', async () => {
    const compiler = path.join(folder, 'my compiler');
    writeFileSync(compiler, '#!/bin/sh\necho "compiler with $*"\n');
    chmodSync(compiler, 0o755);
    const find = (CXX: string) => findCompiler({ CXX }, 'linux');
    expect(await find(compiler)).toEqual({ command: [compiler], id: 'compiler with --version' });
    expect(await find(`'${compiler}' -m64`)).toEqual({
      command: [compiler, '-m64'],
      id: 'compiler with -m64 --version',
    });
    await expect(find('no-such-compiler -m64')).rejects.toThrow('CXX=no-such-compiler -m64 does not run');
  });

  it('CPPFLAGS go to compilations, LDFLAGS to the link and CXXFLAGS to both', () => {
    const env = { CPPFLAGS: '-DP', CXXFLAGS: '-DX="a b"', LDFLAGS: '-L/l' };
    const compiled = compileFlags(source('src/cpu.cpp'), target(env));
    const linked = linkFlags(target(env));
    expect(compiled).toEqual(expect.arrayContaining(['-DP', '-DX=a b']));
    expect(compiled).not.toContain('-L/l');
    expect(linked).toEqual(expect.arrayContaining(['-L/l', '-DX=a b']));
    expect(linked).not.toContain('-DP');
  });

  it.runIf(process.platform === 'linux').each(['src/cpu.cpp', 'isa/scalar.cpp'])(
    'CXXFLAGS bring neither -march=native nor fast arithmetic into %s',
    (name) => {
      const macros = (CXXFLAGS: string): string => {
        const flags = compileFlags(source(name), target({ CXXFLAGS }));
        const text = execFileSync('g++', [...flags, '-E', '-dM', '-x', 'c++', '/dev/null'], {
          encoding: 'utf8',
        });
        // What a CPU is tuned for changes no result; complex numbers, which IEC 559 macros also tell of, are
        // not used.
        const lines = text.split('\n').filter((line) => !/__tune_|_IEC_/.test(line));
        return lines.sort().join('\n');
      };
      const plain = macros('');
      expect(plain).not.toContain('__FAST_MATH__');
      for (const flags of ['-march=native', '-mtune=native -Ofast', '-O3 -ffast-math -ffp-contract=fast'])
        expect(macros(flags)).toBe(plain);
    },
  );
});

describe('a path with characters that are special to make', () => {
  it.each(['a b', 'a#b', 'a$b', 'a:b', "a'b", 'a"b', 'a\\b', 'a\\ b', 'é%,;&(*)', '~x', '-x', 'a\tb'])(
    'a file in a folder named %j is compiled only when it changes',
    async (name) => {
      const place = path.join(folder, 'paths', name);
      mkdirSync(path.join(place, 'obj'), { recursive: true });
      writeFileSync(path.join(place, 'small.cpp'), '#include "small.h"\n');
      writeFileSync(path.join(place, 'small.h'), '');
      const compiler = await findCompiler(process.env, process.platform);
      const find = () => findObject(compiler, path.join(place, 'small.cpp'), ['-O0'], place);
      const job = await find();
      expect(job.fresh).toBe(false);
      await compile(compiler, job);
      expect((await find()).fresh).toBe(true);
      rmSync(path.join(place, 'small.h'));
      expect((await find()).fresh).toBe(false);
    },
  );
});

describe('a build for this CPU', () => {
  const cpu = (text: string) => new Set(text.split(' '));
  const names = (files: string[]) => files.map((file) => path.basename(file, '.cpp'));

  it('a build for this CPU leaves out what the CPU lacks, and nothing on an unknown architecture', () => {
    const haswell = 'avx2 fma f16c popcnt';
    const skylake = `${haswell} avx512f avx512bw avx512dq avx512vl`;
    expect(names(beyondThisCpu('x64', cpu('sse4')))).toContain('avx2');
    expect(names(beyondThisCpu('x64', cpu(haswell)))).toEqual([
      'avx512',
      'avx2_vnni',
      'avx512_vnni',
      'avx512_vpopcntdq',
      'avx512_bf16',
      'avx512_amx',
    ]);
    expect(names(beyondThisCpu('x64', cpu(`${skylake} avx512vnni avx512bf16 avxvnni`)))).toEqual([
      'avx512_vpopcntdq',
      'avx512_amx',
    ]);
    expect(names(beyondThisCpu('arm64', cpu('asimd')))).toEqual(['neon_dotprod', 'neon_bf16']);
    expect(beyondThisCpu('arm64', cpu('asimd asimddp bf16'))).toEqual([]);
    expect(beyondThisCpu('riscv64', cpu('v'))).toEqual([]);
  });

  it.runIf(process.arch === 'x64')(
    'an addon reports what it was built without, and what the CPU lacks first',
    async () => {
      const place = path.join(folder, 'build');
      await copyObjects(buildFolder(process.platform, process.arch), place);
      const waived = beyondThisCpu('x64', new Set());
      await build({ folder: place, waived });
      const { Engine, supported } = require(path.join(place, 'flashlm.node')) as Addon;
      const [scalar, avx2, avx512] = supported();
      expect(new Engine().isa).toBe('scalar');
      expect(scalar).toMatchObject({ supported: true, notBuilt: [] });
      expect(avx2).toMatchObject({
        supported: false,
        own: [],
        features: [],
        replaced: {},
        notBuilt: ['avx2', 'vnni'],
      });
      for (const { isa, missing } of [avx2!, avx512!]) {
        const why = missing.length
          ? `is not supported by this CPU (lacks ${missing.join(' ')})`
          : 'was not built';
        expect(() => new Engine({ isa })).toThrow(`native:${isa} ${why}`);
      }
      const stamp = JSON.parse(readFileSync(path.join(place, 'sources.json'), 'utf8'));
      expect(stamp.waived).toEqual(waived);
    },
  );
});
