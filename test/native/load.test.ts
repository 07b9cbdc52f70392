import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { buildCommand, loadAddon } from '../../src/backends/native/load.ts';
import { opTableSignature } from '../../src/backends/native/signature.ts';

const target = `${process.platform}-${process.arch}`;
// This checkout's own, whatever FLASHLM_ADDON names.
const built = loadAddon(fileURLToPath(new URL('../../', import.meta.url))).path!;

let folder: string;
let addon: Buffer;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'flashlm-load-'));
  addon = await readFile(built);
});
afterAll(() => rm(folder, { recursive: true }));

/** The addon with one text in it changed to another of the same length. */
function changed(from: string, to: string): Buffer {
  const copy = Buffer.from(addon);
  const at = copy.indexOf(from);
  expect(at).toBeGreaterThan(0);
  copy.write(to, at, 'latin1');
  return copy;
}

/** The addon as an ELF file of a machine that this one is not. */
function ofAnotherMachine(): Buffer {
  const copy = Buffer.from(addon);
  copy.writeUInt16LE(process.arch === 'arm64' ? 62 : 183, 18);
  return copy;
}

/** A package's root with an addon in the place of a local build, of a prebuilt one, or of both. */
async function packageWith({ local, prebuilt }: { local?: Buffer; prebuilt?: Buffer }): Promise<string> {
  const root = await mkdtemp(path.join(folder, 'package-'));
  const place = async (where: string, bytes: Buffer): Promise<string> => {
    await mkdir(path.join(root, where, target), { recursive: true });
    await writeFile(path.join(root, where, target, 'flashlm.node'), bytes);
    return path.join(root, where, target, 'manifest.json');
  };
  if (local) await place(path.join('native', 'build'), local);
  if (prebuilt) {
    const sha256 = createHash('sha256').update(prebuilt).digest('hex');
    const manifest = await place('prebuilds', prebuilt);
    await writeFile(manifest, JSON.stringify({ files: { 'flashlm.node': sha256 } }));
  }
  return root;
}

const prebuiltIn = (root: string): string => path.join(root, 'prebuilds', target, 'flashlm.node');

describe('loading the addon', () => {
  it('loadAddon takes the prebuilt addon where there is no local build, and says that there is none', async () => {
    const root = await packageWith({ prebuilt: addon });
    expect(loadAddon(root)).toMatchObject({
      path: prebuiltIn(root),
      reasons: [expect.stringMatching(/native\/build\/.*flashlm\.node: not there$/)],
    });
  });

  it('loadAddon takes only the addon that FLASHLM_ADDON names, unless it is given a package', async () => {
    const root = await packageWith({ local: addon });
    vi.stubEnv('FLASHLM_ADDON', folder);
    expect(loadAddon().reasons).toEqual([
      expect.stringMatching(/flashlm-load-\w+\/flashlm\.node: not there$/),
    ]);
    expect(loadAddon(root).path).toContain('/native/build/');
    vi.unstubAllEnvs();
  });

  it('loadAddon prefers the local build to the prebuilt addon', async () => {
    const root = await packageWith({ local: addon, prebuilt: addon });
    expect(loadAddon(root)).toMatchObject({ path: expect.stringContaining('/native/build/'), reasons: [] });
  });

  it('loadAddon skips a local build of another op table', async () => {
    const stale = changed(opTableSignature(), '0'.repeat(16));
    const root = await packageWith({ local: stale, prebuilt: addon });
    expect(loadAddon(root)).toMatchObject({
      path: prebuiltIn(root),
      reasons: [expect.stringMatching(/: built for another version of the kernels$/)],
    });
  });

  it('loadAddon gives every reason when it finds no addon', async () => {
    const { addon: none, reasons } = loadAddon(await packageWith({}));
    expect(none).toBeUndefined();
    expect(reasons).toEqual([
      expect.stringMatching(/native\/build\/.*flashlm\.node: not there$/),
      expect.stringMatching(/prebuilds\/.*flashlm\.node: not there$/),
    ]);
  });

  it('loadAddon never maps a truncated prebuilt addon, which would end the process', async () => {
    const root = await packageWith({ prebuilt: addon });
    await writeFile(prebuiltIn(root), addon.subarray(0, addon.length / 2));
    expect(loadAddon(root).reasons[1]).toMatch(
      /: damaged, it is not the file that manifest\.json describes$/,
    );
  });

  it('loadAddon does not trust a prebuilt addon without a readable manifest', async () => {
    const root = await packageWith({ prebuilt: addon });
    const manifest = path.join(root, 'prebuilds', target, 'manifest.json');
    await writeFile(manifest, '{');
    expect(loadAddon(root).reasons[1]).toMatch(/flashlm\.node: .*JSON/);
    await rm(manifest);
    expect(loadAddon(root).reasons[1]).toMatch(/: there is no manifest\.json beside it$/);
  });
});

/** What the dynamic linker says differs from system to system; that it names what it missed does not. */
describe.runIf(process.platform === 'linux')('an addon that the system refuses', () => {
  it.each([
    ['is not a library', () => Buffer.from('no library'), /flashlm\.node: /],
    ['is for another machine', ofAnotherMachine, /flashlm\.node: /],
    ['lacks a library that it needs', () => changed('libstdc++.so.6', 'libabsent.so.9'), /libabsent\.so\.9/],
  ])('loadAddon gives the reason when an addon %s', async (_, make, reason) => {
    const root = await packageWith({ local: make(), prebuilt: make() });
    const { addon: none, reasons } = loadAddon(root);
    expect(none).toBeUndefined();
    expect(reasons).toEqual([expect.stringMatching(reason), expect.stringMatching(reason)]);
  });

  it('loadAddon does not try an addon that was prebuilt for another C library', async () => {
    const root = await packageWith({ prebuilt: addon });
    // A process is taken for one on musl by the loader it has mapped, so any library of that name will do.
    const loader = path.join(root, 'ld-musl-x86_64.so.1');
    await copyFile(built, loader);
    const script = `
      import { loadAddon } from ${JSON.stringify(import.meta.resolve('../../src/backends/native/load.ts'))};
      process.dlopen({ exports: {} }, process.argv[1]);
      console.log(loadAddon(process.argv[2]).reasons[1]);`;
    const args = ['--import', import.meta.resolve('tsx'), '--input-type=module', '-e', script, loader, root];
    expect(execFileSync(process.execPath, args, { encoding: 'utf8' })).toMatch(
      /: made for glibc, but this Node runs on musl$/m,
    );
  });
});

describe('the command that compiles the addon', () => {
  it('buildCommand names the script by its path where FlashLM is a dependency', () => {
    expect(buildCommand()).toBe('npm run build:native');
    const installed = path.join(process.cwd(), 'node_modules', 'flashlm');
    expect(buildCommand(installed)).toBe('node node_modules/flashlm/native/build.mjs');
  });
});
