import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { GeneratedText } from '../../src/app/generate-text.ts';
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

  it('generate samples from the tokens that --top-k and --top-p leave', async () => {
    const free = await generated(run, '--temperature', '2');
    expect(free.text).not.toBe(likeliest);
    // One token is left in either way: the likeliest.
    expect((await generated(run, '--temperature', '2', '--top-k', '1')).text).toBe(likeliest);
    expect((await generated(run, '--temperature', '2', '--top-p', '1e-9')).text).toBe(likeliest);
    expect((await generated(run, '--temperature', '2', '--min-p', '1')).text).toBe(likeliest);
  });

  it('generate with a repetition penalty writes no token again, and --stop ends the text before a string', async () => {
    const flags = ['--temperature', '0', '--max-tokens', '60'];
    const { text } = await generated(run, ...flags);
    const unlike = await generated(run, ...flags, '--repetition-penalty', '1e9');
    const own = unlike.text.slice('The cat'.length);
    const repeats = (written: string) => written.length - new Set(written).size;
    expect(repeats(own)).toBeLessThan(repeats(text.slice('The cat'.length)));
    const stop = own.slice(3, 5);
    const stopped = await generated(
      run,
      ...flags,
      '--repetition-penalty',
      '1e9',
      '--stop',
      'zzz',
      '--stop',
      stop,
    );
    expect(stopped).toMatchObject({ text: `The cat${own.slice(0, own.indexOf(stop))}`, ending: 'stop' });
    const { status, stderr } = await runInProcess(['generate', run, '--stop', '']);
    expect([status, stderr]).toEqual([2, expect.stringContaining('Expected a text, found nothing')]);
  });

  it.each([true, false])(
    'generate prints the seed that repeats its text, in a terminal: %s',
    async (isTTY) => {
      const inTerminal = async (...flags: string[]) => {
        const { terminal, stdout, stderr } = fakeTerminal({ isTTY });
        expect(await runCli(['generate', run, '--temperature', '2', ...flags], COMMANDS, terminal)).toBe(0);
        const [, seed] = /The same text again: --seed (\d+)/.exec(stderr.text) ?? [];
        return { text: stdout.text, seed };
      };
      const { text, seed } = await inTerminal();
      expect(seed).toBeDefined();
      expect(await inTerminal('--seed', seed!)).toEqual({ text, seed: undefined });
    },
  );

  it('generate says which flags have no effect at temperature 0', async () => {
    const { stderr } = await generated(run, '--temperature', '0', '--top-k', '3');
    expect(stderr).toBe(
      '--top-k and --seed changes nothing at temperature 0, which takes the likeliest token.\n',
    );
  });

  it('settings without a flag come from sample in the recipe, in generate and in the samples of a run', async () => {
    for (const [key, flag] of [
      ['top_k: 1', '--top-k'],
      ['top_p: 1e-9', '--top-p'],
      ['min_p: 1', '--min-p'],
    ] as const) {
      const own = await trained(`, temperature: 2, ${key}`);
      const { text } = await generated(own);
      expect(text).toBe(likeliest);
      // The flag has the last word.
      const all = { '--top-k': '99', '--top-p': '1', '--min-p': '0' };
      expect((await generated(own, flag, all[flag])).text).not.toBe(likeliest);
      const { stdout } = await runInProcess(['train', '--resume', own, '--json']);
      const events = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(events.find(({ event }) => event === 'sample').text).toBe(likeliest);
    }
  });

  it('the document marker in a prompt means the same as in the data, and generate says where it is text', async () => {
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

  describe('with many texts', () => {
    const PROMPTS = ['The cat', 'A dog', ''];
    const many = async (...flags: string[]) => {
      const file = `${run}/prompts.json`;
      writeFileSync(file, JSON.stringify(PROMPTS));
      const args = ['generate', run, '--prompts', file, '--seed', '3', '--temperature', '1', ...flags];
      const { status, stdout, stderr } = await runInProcess(args);
      expect(status, stderr).toBe(0);
      return { stdout, stderr };
    };
    const objects = ({ stdout }: { stdout: string }) =>
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as GeneratedText & { index: number });

    it('generate writes --count texts per line of --prompts, each the same as its seed writes alone, in any --batch', async () => {
      const texts = objects(await many('--count', '3', '--json'));
      expect(texts.map(({ prompt, index, seed }) => [prompt, index, seed])).toEqual(
        PROMPTS.flatMap((prompt) => [0, 1, 2].map((index) => [prompt, index, 3 + index])),
      );
      for (const batch of ['1', '2', '100'])
        expect(objects(await many('--count', '3', '--json', '--batch', batch))).toEqual(texts);
      expect(objects(await many('--count', '2', '--json'))).toEqual(texts.filter(({ index }) => index < 2));
      const { text, tokens } = await generated(run, '--prompt', 'A dog', '--seed', '5', '--temperature', '1');
      expect({ text, tokens }).toEqual({ text: texts[5]!.text, tokens: texts[5]!.tokens });
      expect(new Set(texts.map((one) => one.text)).size).toBeGreaterThan(3);
    });

    it('texts with a repetition penalty and stop strings are the same in any --batch as alone', async () => {
      const flags = ['--repetition-penalty', '1.5', '--min-p', '0.01', '--stop', 'e', '--stop', 'a '];
      const texts = objects(await many('--count', '3', '--json', '--batch', '1', ...flags));
      expect(objects(await many('--count', '3', '--json', '--batch', '7', ...flags))).toEqual(texts);
      expect(new Set(texts.map(({ ending }) => ending)).size).toBeGreaterThan(1);
      for (const { prompt, seed, ...one } of texts.slice(0, 4)) {
        const own = ['--prompt', prompt, '--seed', String(seed), '--temperature', '1', ...flags];
        const { text, tokens } = await generated(run, ...own);
        expect({ text, tokens }).toEqual({ text: one.text, tokens: one.tokens });
      }
    });

    it('generate prints each of many texts below a line that names it, and the speed separately', async () => {
      const { stdout, stderr } = await many('--count', '2');
      const [first] = objects(await many('--json'));
      expect(stdout.split('--- ').length).toBe(7);
      expect(stdout).toMatch(/^--- prompt 1, text 1, seed 3: \d+ tokens?, /);
      expect(
        stdout.slice(stdout.indexOf('\n') + 1).startsWith(`${first!.text}\n\n--- prompt 1, text 2`),
      ).toBe(true);
      expect(stderr).toMatch(/^read \d+ tokens in .*tokens\/s\), wrote \d+ tokens in .*, 6 side by side\n$/);
    });

    it('generate prints the complete texts after Ctrl-C, with status 130', async () => {
      const { terminal, stdout, stderr } = fakeTerminal();
      const print = terminal.print.bind(terminal);
      vi.spyOn(terminal, 'print').mockImplementation((line) => {
        if (stdout.text === '') process.emit('SIGINT', 'SIGINT');
        print(line);
      });
      const args = ['generate', run, '--count', '9', '--batch', '2', '--seed', '1', '--json'];
      expect(await runCli(args, COMMANDS, terminal)).toBe(130);
      const texts = stdout.lines.map((line) => JSON.parse(line));
      expect(texts.map(({ index }) => index)).toEqual(Array.from(texts, (_, i) => i));
      expect(texts.length).toBeLessThan(4);
      expect(stderr.text).toContain(`Stopped: ${texts.length} of 9 texts are whole.`);
      expect(process.listenerCount('SIGINT')).toBe(0);
    });

    it('generate says which flags have no effect with many texts', async () => {
      const { stderr } = await generated(run, '--batch', '7', '--text-field', 'x');
      expect(stderr).toBe(
        '--batch changes nothing: one text is written.\n--text-field changes nothing without --prompts.\n',
      );
      const same = await many('--count', '2', '--temperature', '0');
      expect(same.stderr).toContain('At temperature 0 all texts of a prompt are the same.');
    });

    it.each([
      [
        '--prompt and --prompts',
        ['--prompt', 'x', '--prompts', 'y'],
        /--prompts <file>.*cannot be used with.*--prompt/,
      ],
      ['no texts', ['--count', '0'], /--count <n>.*at least 1/],
      ['a batch of none', ['--batch', '0'], /--batch <n>.*auto, or a whole number/],
      [
        'more side by side than memory holds',
        ['--count', '2000000000', '--batch', '2000000000'],
        /need .*; there are .*\n.*\n.*--batch auto|need .*; there are/,
      ],
    ])('generate refuses %s with many texts', async (_, flags, message) => {
      const { status, stderr } = await runInProcess(['generate', run, ...flags]);
      expect(status).toBe(2);
      expect(stderr).toMatch(message);
    });
  });
});
