import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { COMMANDS } from '../../src/cli/commands/index.ts';
import { runCli } from '../../src/cli/program.ts';
import { RECIPE, TinyRun } from '../faults/tiny-run.ts';
import { fakeTerminal, runInProcess } from './fake-terminal.ts';

const made: TinyRun[] = [];
afterAll(() => {
  vi.unstubAllEnvs();
  for (const tiny of made) tiny.remove();
});

/** A finished run of one step, whose next tokens are nearly equally likely. `sample` goes into its recipe. */
async function trained(sample = ''): Promise<string> {
  const recipe = RECIPE.replace('max_tokens: 4', `max_tokens: 12, prompt: The cat${sample}`);
  const tiny = new TinyRun(recipe.replace('steps: 6', 'steps: 1'));
  made.push(tiny);
  await tiny.train();
  return (await tiny.latest())!;
}

async function generated(run: string, ...flags: string[]) {
  const { status, stdout, stderr } = await runInProcess(['generate', run, '--seed', '3', '--json', ...flags]);
  expect(status).toBe(0);
  return { ...(JSON.parse(stdout) as { text: string; prompt: string; tokens: number }), stderr };
}

describe('flashlm generate', () => {
  let run: string;
  let likeliest: string;
  beforeAll(async () => {
    run = await trained();
    ({ text: likeliest } = await generated(run, '--temperature', '0'));
  });

  it('draws from the tokens that --top-k and --top-p leave', async () => {
    const free = await generated(run, '--temperature', '2');
    expect(free.text).not.toBe(likeliest);
    // One token is left in either way: the likeliest.
    expect((await generated(run, '--temperature', '2', '--top-k', '1')).text).toBe(likeliest);
    expect((await generated(run, '--temperature', '2', '--top-p', '1e-9')).text).toBe(likeliest);
  });

  it('says in a terminal by which seed the same text is written again', async () => {
    const inTerminal = async (...flags: string[]) => {
      const { terminal, stdout, stderr } = fakeTerminal({ isTTY: true });
      expect(await runCli(['generate', run, '--temperature', '2', ...flags], COMMANDS, terminal)).toBe(0);
      const [, seed] = /The same text again: --seed (\d+)/.exec(stderr.text) ?? [];
      return { text: stdout.text, seed };
    };
    const { text, seed } = await inTerminal();
    expect(seed).toBeDefined();
    expect(await inTerminal('--seed', seed!)).toEqual({ text, seed: undefined });
  });

  it('says which flags change nothing at temperature 0', async () => {
    const { stderr } = await generated(run, '--temperature', '0', '--top-k', '3');
    expect(stderr).toBe(
      '--top-k and --seed changes nothing at temperature 0, which takes the likeliest token.\n',
    );
  });

  it('takes what no flag says from sample in the recipe, and so do the samples of a run', async () => {
    for (const [key, flag] of [
      ['top_k: 1', '--top-k'],
      ['top_p: 1e-9', '--top-p'],
    ] as const) {
      const own = await trained(`, temperature: 2, ${key}`);
      const { text } = await generated(own);
      expect(text).toBe(likeliest);
      // The flag has the last word.
      expect((await generated(own, flag, flag === '--top-k' ? '99' : '1')).text).not.toBe(likeliest);
      const { stdout } = await runInProcess(['train', '--resume', own, '--json']);
      const events = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(events.find(({ event }) => event === 'sample').text).toBe(likeliest);
    }
  });

  it('reads the marker between documents in a prompt as in the data, and says where that is text', async () => {
    const [marker, prompt] = ['<|endoftext|>', 'A dog ran.\n<|endoftext|>\nThe cat'];
    expect((await generated(run, '--prompt', prompt)).stderr).toBe('');
    expect((await generated(run, '--prompt', `${marker}The cat`, '--temperature', '0')).text).toBe(
      `${marker}${likeliest}`,
    );
    const tiny = new TinyRun(
      RECIPE.replace('steps: 6', 'steps: 1').replace('seq_len', 'format: lines, seq_len'),
    );
    made.push(tiny);
    writeFileSync(`${tiny.root}/train.txt`, 'The cat sat.\nA dog ran.\n'.repeat(20));
    await tiny.train();
    const { stderr } = await generated((await tiny.latest())!, '--prompt', prompt);
    expect(stderr).toMatch(
      /^<\|endoftext\|> in the prompt is read as plain text: the run's data does not mark/,
    );
  });
});
