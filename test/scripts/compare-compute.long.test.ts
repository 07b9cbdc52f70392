import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const script = fileURLToPath(new URL('../../scripts/compare-compute.mjs', import.meta.url));

let folder: string;
let text: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flashlm-script-'));
  text = join(folder, 'text.txt');
  await writeFile(text, 'Once upon a time.');
});
afterAll(() => rm(folder, { recursive: true }));

async function run(args: readonly string[]): Promise<{ status: number; stderr: string }> {
  const env = { ...process.env, TMPDIR: folder };
  const failed = (error: { code: number; stderr: string }) => ({ status: error.code, stderr: error.stderr });
  const least = ['--steps', '1', '--seeds', '1'];
  const ended = promisify(execFile)(process.execPath, [script, ...least, ...args], { env });
  return ended.then(({ stderr }) => ({ status: 0, stderr }), failed);
}

describe('compare-compute', () => {
  it.each([
    [2, ['--seeds', '0'], /^--seeds must be a whole number of at least 1, not 0\nusage: /],
    [2, ['--steps', 'many'], /^--steps must be a whole number/],
    [2, ['--recipe', 'v61', '--recipe', 'v62'], /^there is no recipe 'v62'/],
    [2, ['--data', 'TEXT'], /^There is no validation text for v61: name one with --valid\.\n$/],
    [2, ['--data', 'TEXT', '--valid', 'TEXT.gone'], /^There is no file .*text\.txt\.gone\n$/],
    // Found by the first training alone.
    [1, ['--recipe', 'v61-debug', '--backend', 'native:none'], /(no|not) [^\n]*(none|part of|available)/],
  ])('compare-compute ends with %i and leaves nothing behind: %j', async (status, args, message) => {
    const result = await run(args.map((arg) => arg.replace('TEXT', text)));
    expect(result.stderr).toMatch(message);
    expect(result.stderr).not.toMatch(/--runs \/|^ +at .*\.mjs/m);
    expect(result.status).toBe(status);
    expect((await readdir(folder)).filter((name) => name.startsWith('flashlm-compare'))).toEqual([]);
  });
});
