import { fileURLToPath } from 'node:url';
import {
  evaluateText,
  generateText,
  generateTexts,
  type IndexedText,
  type TrainEvent,
  trainRecipe,
} from 'flashlm';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { runInProcess } from '../cli/fake-terminal.ts';
import { RECIPE, TinyRun } from '../faults/tiny-run.ts';

const PLUGIN = fileURLToPath(new URL('../properties/recall-plugin.ts', import.meta.url));
const tiny = new TinyRun(
  `plugins: [${JSON.stringify(PLUGIN)}]\n${RECIPE.replace('- token_shift', '- recall').replace('eval: {', 'eval: { stride: 6,')}`,
);
const events: TrainEvent[] = [];
let run: string;

/** What 100M tokens of 8 float32 carry, and a copy of it. */
const REFUSED =
  /^error: A text of 99,999,999 tokens, its prompt among them, needs 6.4 GB of memory; there are 1 GB\n {2}Write fewer tokens \(--max-tokens\), or give a shorter prompt.\n$/;

beforeAll(async () => {
  const report = (event: TrainEvent) => void events.push(event);
  const done = await trainRecipe(tiny.recipe, { out: tiny.runs, report, onNotice: () => {} });
  run = done.runDir;
});
afterAll(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  tiny.remove();
});

describe('a run of a model whose state grows with the sequence', () => {
  it('the run evaluates in the windows of its recipe, and eval in those that are asked for', async () => {
    const trained = events.filter(({ event }) => event === 'eval').at(-1);
    expect(trained).toMatchObject({ split: 'valid', windows: { context: 8, stride: 6 } });
    const { event } = await evaluateText(run);
    expect(event).toEqual(trained);
    expect((await evaluateText(run, { context: 16 })).event.windows).toMatchObject({
      context: 16,
      stride: 8,
    });
    const { stdout } = await runInProcess(['eval', run, '--context', '64', '--stride', '16']);
    expect(stdout).toMatch(
      /context +64 tokens; longer documents in windows 16 tokens apart: 0 tokens scored/,
    );
    await expect(evaluateText(run, { context: 4, stride: 5 })).rejects.toThrow('leave out tokens');
  });

  it('eval --by-position prints the loss by place in the document, and changes no figure', async () => {
    const { stdout } = await runInProcess(['eval', run, '--by-position']);
    expect(stdout).toMatch(/token of its document +tokens +loss +PPL\n1 +2 +\d/);
    const plain = await runInProcess(['eval', run, '--json']);
    const { positions, ...event } = JSON.parse(
      (await runInProcess(['eval', run, '--by-position', '--json'])).stdout,
    );
    expect(event).toEqual(JSON.parse(plain.stdout));
    expect(positions[1]).toEqual({ from: 2, to: 3, tokens: 4, loss: expect.any(Number) });
  });

  it('1,000 prompts are answered in their order, 64 at a time, each as if it were alone', async () => {
    const prompts = Array.from({ length: 1000 }, (_, i) => 'The cat sat on a mat. '.slice(0, i % 20));
    const options = { seed: 5, maxTokens: 3, temperature: 1, repetitionPenalty: 1.2, stop: ['o'] };
    const batches = new Set<number>();
    const texts: IndexedText[] = [];
    const onProgress = ({ batch }: { batch: number }) => void batches.add(batch);
    const writing = generateTexts(run, prompts, { ...options, onProgress, onNotice: () => {} });
    for await (const text of writing) texts.push(text);
    expect([...batches]).toEqual([64]);
    expect(texts.map(({ prompt }) => prompt)).toEqual(prompts);
    for (const i of [0, 19, 500, 999]) {
      const { index, ...text } = texts[i]!;
      expect(index).toBe(0);
      expect(await generateText(run, prompts[i], { ...options, onNotice: () => {} })).toEqual(text);
    }
  });

  it('a notice says that a text may get longer than the sequences of training, and the text goes on', async () => {
    const notices: string[] = [];
    const options = { seed: 1, maxTokens: 40, onNotice: (notice: string) => void notices.push(notice) };
    const text = await generateText(run, 'A dog', options);
    const texts: string[] = [];
    for await (const { text } of generateTexts(run, ['A dog', 'The cat sat'], options)) texts.push(text);
    expect(texts[0]).toBe(text.text);
    expect(notices).toEqual([
      expect.stringMatching(/^A text may get 4\d tokens long .* sequences of 8 \(data.seq_len\)/),
      expect.stringMatching(/^A text may get [45]\d tokens long/),
    ]);
    const { stderr } = await runInProcess(['generate', run, '--prompt', 'A dog', '--max-tokens', '40']);
    expect(stderr).toContain(notices[0]);
    notices.length = 0;
    await generateText(run, 'A', { ...options, maxTokens: 2 });
    expect(notices).toEqual([]);
  });

  it('a text that is too long for the memory is refused with the option that is too large, and nothing else', async () => {
    vi.spyOn(process, 'constrainedMemory').mockReturnValue(1e9);
    for (const flags of [[], ['--count', '2']]) {
      const args = ['generate', run, '--prompt', 'A', '--max-tokens', '99999998', ...flags];
      const { status, stderr } = await runInProcess(args);
      expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringMatching(REFUSED) });
    }
  });
});
