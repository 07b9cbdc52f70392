import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { PROGRAM, runProcess } from './cli-process.ts';

const source = new URL(`../../${PROGRAM.folder}/`, import.meta.url).href;

/** The modules of the program that a process loaded, without their endings, by Node's own record of the scripts it ran. */
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
    const modules = urls
      .filter((url) => url.startsWith(source))
      .map((url) => url.slice(source.length).replace(/\.[jt]s$/, ''));
    return { stdout, modules: [...new Set(modules)].sort() };
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe('starting the program', () => {
  it('printing the version loads no command, recipe, kernel or layer', async () => {
    const { stdout, modules } = await modulesOf(['--version']);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(modules).toContain('cli/main');
    expect(modules.filter((name) => !/^(core|cli|files)\/[\w-]+$/.test(name))).toEqual([
      'cli/commands/index',
      'recipes/errors',
    ]);
    expect(modules.length).toBeLessThan(15);
  });
});
