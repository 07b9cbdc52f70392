import { afterAll, expect, it, vi } from 'vitest';
import { evaluateText } from '../../src/app/evaluate-text.ts';
import { generateText } from '../../src/app/generate-text.ts';
import { RECIPE, TinyRun } from '../faults/tiny-run.ts';

const made: TinyRun[] = [];
afterAll(() => {
  for (const tiny of made) tiny.remove();
  vi.unstubAllEnvs();
});

/** Sequences have 8 tokens, the table 12 positions; the prompt of a sample is one token, after that of a document's end. */
const POSITIONS = RECIPE.replace('- token_shift', '- position_embedding: { positions: 12 }').replace(
  'max_tokens: 4',
  'max_tokens: 4, prompt: a',
);

function project(change: (recipe: string) => string = (recipe) => recipe): TinyRun {
  const tiny = new TinyRun(change(POSITIONS));
  made.push(tiny);
  return tiny;
}

const refused = (tokens: number) => ({
  message: `texts of up to ${tokens} tokens were asked for, and there are 12 positions`,
});

it('a run whose evaluation or sample needs more positions than there are is refused before it trains', async () => {
  const trained: string[] = [];
  const report = ({ event }: { readonly event: string }) => void trained.push(event);
  const context = project((recipe) => recipe.replace('eval: { every: 3', 'eval: { every: 3, context: 13'));
  await expect(context.train({ report })).rejects.toMatchObject(refused(13));
  const sample = project((recipe) => recipe.replace('max_tokens: 4', 'max_tokens: 40'));
  await expect(sample.train({ report })).rejects.toMatchObject({
    message: expect.stringMatching(/^texts of up to 4\d tokens were asked for, and there are 12 positions$/),
  });
  expect(trained).toEqual([]);
});

it('evaluation and generation beyond the positions of a run are refused before they start', async () => {
  const tiny = project();
  await tiny.train();
  const run = (await tiny.latest())!;
  await expect(evaluateText(run, { context: 13 })).rejects.toMatchObject(refused(13));
  expect((await evaluateText(run, { context: 12 })).event.tokens).toBeGreaterThan(0);
  await expect(generateText(run, 'a', { maxTokens: 40, seed: 1 })).rejects.toMatchObject({
    message: expect.stringMatching(/^texts of up to 4\d tokens/),
  });
  expect((await generateText(run, 'a', { maxTokens: 10, seed: 1 })).text).toMatch(/^a/);
});
