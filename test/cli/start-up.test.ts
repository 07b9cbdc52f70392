import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runProcess } from './cli-process.ts';

const source = new URL('../../src/', import.meta.url).href;

/** The modules of `src` that a process loaded, by Node's own record of the scripts it ran. */
async function modulesOf(args: readonly string[]): Promise<{ stdout: string; modules: string[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'flashlm-coverage-'));
  try {
    const { stdout } = await runProcess(args, { env: { NODE_V8_COVERAGE: folder } });
    // A thread writes a file of its own: the loader of TypeScript is one.
    const files = await readdir(folder);
    const records = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
    const scripts = records.flatMap((text) => (JSON.parse(text) as { result: { url: string }[] }).result);
    const urls = scripts.map(
      ({ url }) => (url.startsWith('/') ? pathToFileURL(url).href : url).split('?')[0]!,
    );
    const modules = urls.filter((url) => url.startsWith(source)).map((url) => url.slice(source.length));
    return { stdout, modules: [...new Set(modules)].sort() };
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe('starting the program', () => {
  it('loads no command, recipe, kernel or layer to print the version', async () => {
    const { stdout, modules } = await modulesOf(['--version']);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(modules).toContain('cli/main.ts');
    expect(modules.filter((name) => !/^(core|cli)\/[\w-]+\.ts/.test(name))).toEqual([
      'cli/commands/index.ts',
      'recipes/errors.ts',
    ]);
    expect(modules.length).toBeLessThan(15);
  });
});
