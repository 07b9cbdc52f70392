import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CommandEntry } from '../../src/cli/command.ts';
import { COMMANDS } from '../../src/cli/commands/index.ts';
import { Exit } from '../../src/cli/errors.ts';
import { runCli } from '../../src/cli/program.ts';
import { FlashError } from '../../src/core/errors.ts';
import { finished, runProcess, startCli } from './cli-process.ts';
import { fakeTerminal, runInProcess } from './fake-terminal.ts';

const ESCAPE = '\x1b';

/** A program of one command, `fail`, whose action throws `error`. */
async function runFailing(
  error: unknown,
  args = ['fail'],
): Promise<{ status: number; stdout: string; stderr: string }> {
  const fail: CommandEntry = {
    name: 'fail',
    summary: 'fails',
    load: async () => ({
      examples: ['npx flashlm fail'],
      define: (command) => {
        command.action(() => {
          throw error;
        });
      },
    }),
  };
  const { terminal, stdout, stderr } = fakeTerminal();
  const status = await runCli(args, [fail], terminal);
  return { status, stdout: stdout.text, stderr: stderr.text };
}

describe('help', () => {
  it('help lists every command in the order of the table', async () => {
    const { status, stdout, stderr } = await runInProcess(['--help']);
    expect(status).toBe(0);
    expect(stderr).toBe('');
    const listed = [...stdout.split(/^(?:Commands|Example):$/m)[1]!.matchAll(/^ {2}([a-z]+) +\w/gm)].map(
      ([, name]) => name,
    );
    expect(listed).toEqual(COMMANDS.map(({ name }) => name));
  });

  it('flashlm without arguments prints the help', async () => {
    expect(await runInProcess([])).toEqual(await runInProcess(['--help']));
  });

  it.each(COMMANDS.map((command) => [command.name, command] as const))(
    'help of %s ends with an example',
    async (name, command) => {
      const { status, stdout } = await runInProcess([name, '--help']);
      expect(status).toBe(0);
      expect(stdout).toContain(`Usage: npx flashlm ${name}`);
      const ending = stdout
        .slice(stdout.search(/^Examples?:$/m))
        .trim()
        .split('\n')
        .slice(1);
      const { examples } = await command.load();
      expect(ending.map((line) => line.trim())).toEqual(examples);
      for (const line of examples) expect(line).toMatch(new RegExp(`^npx flashlm ${name}\\b`));
    },
  );
});

describe('wrong usage', () => {
  it.each([
    [['docter'], "unknown command 'docter'", 'doctor'],
    [['doctor', '--jsn'], "unknown option '--jsn'", '--json'],
  ])('wrong usage %j has status 2 and suggests the nearest name', async (args, what, nearest) => {
    const { status, stdout, stderr } = await runInProcess(args);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(`error: ${what}`);
    expect(stderr).toContain(`Did you mean ${nearest}?`);
    expect(stderr.trim().split('\n').length).toBeLessThanOrEqual(3);
  });

  it.each([[['doctor', 'extra']], [['data']], [['--debug']]])('wrong usage %j has status 2', async (args) => {
    const { status, stdout } = await runInProcess(args);
    expect(status).toBe(2);
    expect(stdout).toBe('');
  });
});

describe('errors', () => {
  it('an error shows what, where and the remedy, and sets the exit status', async () => {
    const details = { where: 'v61.yaml:3:4', remedy: 'Mend it.' };
    const failed = await runFailing(new FlashError('It is broken', details));
    expect(failed).toEqual({
      status: 1,
      stdout: '',
      stderr: 'error: It is broken\n  at v61.yaml:3:4\n  Mend it.\n',
    });
    expect((await runFailing(new FlashError('It is broken', { exitCode: 2 }))).status).toBe(2);
  });

  it('an unexpected error is one line, without its stack', async () => {
    const { status, stderr } = await runFailing(new TypeError('x is undefined\nsecond line'));
    expect(status).toBe(1);
    expect(stderr).toBe('error: unexpected: x is undefined; run again with --debug for the stack\n');
    expect((await runFailing('only text')).stderr).toContain('only text');
  });

  it('a deleted working folder and running out of memory are explained in plain words', async () => {
    const before = process.cwd();
    const gone = mkdtempSync(join(tmpdir(), 'flashlm-gone-'));
    process.chdir(gone);
    rmdirSync(gone);
    let deleted: unknown;
    try {
      process.cwd();
    } catch (error) {
      deleted = error;
    } finally {
      process.chdir(before);
    }
    expect((await runFailing(deleted)).stderr).toMatch(
      /^error: The working folder does not exist any more\n {2}Change to another one/,
    );
    const { stderr } = await runFailing(new RangeError('Array buffer allocation failed'));
    expect(stderr).toMatch(/^error: Out of memory: .*\n {2}Give the process more memory/);
  });

  it.each([[['fail', '--debug']], [['--debug', 'fail']]])('%j shows the stack of an error', async (args) => {
    const cause = new Error('the disk is on fire');
    const { stderr } = await runFailing(new FlashError('It is broken', { cause }), args);
    expect(stderr).toMatch(/^error: It is broken\n/);
    expect(stderr).toContain('program.test.ts');
    expect(stderr).toContain('the disk is on fire');
  });

  it('an error that the command has already reported prints nothing more', async () => {
    expect(await runFailing(new Exit(130))).toEqual({ status: 130, stdout: '', stderr: '' });
  });
});

describe('colours', () => {
  it.each([
    [{ isTTY: true, env: {} }, true],
    [{ isTTY: true, env: { NO_COLOR: '1' } }, false],
    [{ isTTY: true, env: { NO_COLOR: '' } }, true],
    [{ isTTY: true, env: { TERM: 'dumb' } }, false],
    [{ isTTY: false, env: {} }, false],
  ])('colours with %o: %s', async (options, expected) => {
    const { terminal, stdout, stderr } = fakeTerminal(options);
    await runCli(['--help'], COMMANDS, terminal);
    await runCli(['doctor'], COMMANDS, terminal);
    await runCli(['nonsense'], COMMANDS, terminal);
    expect(stdout.text.includes(ESCAPE)).toBe(expected);
    expect(stderr.text.includes(ESCAPE)).toBe(expected);
  });
});

describe('as a process', () => {
  it('the process ends with the status, errors on standard error, and no escape codes in a pipe', async () => {
    const [help, wrong] = await Promise.all([
      runProcess(['--version']),
      runProcess(['nonsense'], { env: { FORCE_COLOR: '1' } }),
    ]);
    expect(help).toEqual({ status: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), stderr: '' });
    expect(wrong.status).toBe(2);
    expect(wrong.stdout).toBe('');
    expect(wrong.stderr).toMatch(/^error: unknown command 'nonsense'\n/);
    expect(wrong.stderr).not.toContain(ESCAPE);
  });

  it('the process ends quietly when its output is closed', async () => {
    const child = startCli(['--help']);
    child.stdout.destroy();
    expect(await finished(child)).toEqual({ status: 0, stdout: '', stderr: '' });
  });
});
