import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { resumeRun, startRun } from '../../src/app/session.ts';
import { fillRecipe } from '../../src/recipes/fill.ts';
import { loadRecipe } from '../../src/recipes/load.ts';
import { folder, mistakes, VALID } from './helpers.ts';

/** A plugin with a source that counts how often it is read, and a hook that notes what it hears. */
const PLUGIN = `import { z } from ${JSON.stringify(import.meta.resolve('zod'))};
const heard = globalThis.flashlmHeard = [];
export default { name: 'p', register(add) {
  add({ kind: 'source', type: 'counting', summary: 'x', examples: [{ to: 3 }],
    schema: z.strictObject({ to: z.int().min(0), bad: z.string().optional() }),
    create: ({ to, bad }, { fail }) => bad === 'option' ? fail('never', 'bad') : bad === 'nothing' ? null : ({
      identity: bad === 'identity' ? 3 : 'to ' + to,
      async *documents() {
        heard.push('read');
        for (let i = 0; i < to; i++) yield bad === 'document' ? i : 'Document ' + i + ' of a few.\\nOnce upon a time.';
        if (bad === 'throws') throw new RangeError('no more');
      } }) });
  add({ kind: 'hook', type: 'noting', summary: 'x', examples: [{}],
    schema: z.strictObject({ as: z.string().default('step'), fails: z.boolean().default(false) }),
    create: ({ as, fails }) => ({
      onStep(event) { if (fails) throw new Error('cannot note'); heard.push(as + ' ' + event.step); },
      onEnd(ending) { heard.push('end ' + ending); } }) });
} };\n`;

const TEXT = `${VALID.replace(
  'source: sample',
  'source: { counting: { to: 40 } }, valid_share: 0.2, cache_dir: cache',
)
  .replace('vocab: 300, dim', 'vocab: 280, dim')
  .replace('vocab: 300 }', 'vocab: 280 }')
  .replace('steps: 20', 'steps: 2')}plugins: [p.mjs]
hooks: [{ noting: { as: first } }, noting]
`;
const heard = (): string[] => (globalThis as unknown as { flashlmHeard: string[] }).flashlmHeard;
const quiet = { report: () => {}, onNotice: () => {} };

async function train(dir: string, file = 'recipe.yaml'): Promise<void> {
  const session = await startRun(await loadRecipe(join(dir, file)), join(dir, 'runs'), quiet);
  try {
    await session.run.run();
  } finally {
    await session.close();
  }
}

describe("a plugin's data source and hooks", () => {
  it("a plugin's data source and hooks run in a new and a resumed run; documents are read once, then cached", async () => {
    const dir = folder({ 'p.mjs': PLUGIN, 'recipe.yaml': TEXT });
    await train(dir);
    expect(heard()).toEqual(['read', 'first 1', 'step 1', 'first 2', 'step 2', 'end steps', 'end steps']);
    const [kept, ...more] = readdirSync(join(dir, 'cache/sources'));
    expect(more).toEqual([]);
    const lines = readFileSync(join(dir, 'cache/sources', kept!), 'utf8')
      .trimEnd()
      .split('\n');
    expect(lines).toHaveLength(40);
    expect(JSON.parse(lines[7]!)).toEqual({ text: 'Document 7 of a few.\nOnce upon a time.' });

    heard().length = 0;
    const [run] = readdirSync(join(dir, 'runs'));
    const session = await resumeRun(join(dir, 'runs', run!), quiet, ['train.steps=3']);
    expect(session.data.valid?.tokens.info.documents).toBeGreaterThan(0);
    await session.run.run();
    await session.close();
    expect(heard()).toEqual(['first 3', 'step 3', 'end steps', 'end steps']);
  });

  it("a plugin's data source and hooks are in the filled recipe with their defaults", async () => {
    const dir = folder({ 'p.mjs': PLUGIN, 'recipe.yaml': TEXT });
    const filled = fillRecipe(await loadRecipe(join(dir, 'recipe.yaml')));
    expect(filled).toContain('counting: { to: 40 }');
    expect(filled).toContain('- noting: { as: first, fails: false }\n  - noting: { as: step, fails: false }');
  });

  it("a plugin's data source and hooks replace those of an extended recipe", async () => {
    const dir = folder({
      'p.mjs': PLUGIN.replaceAll("'counting'", "'other'"),
      'base.yaml': TEXT.replace('counting: { to', 'none: { to'),
      'recipe.yaml': 'extends: base.yaml\ndata: { source: { other: { to: 3 } } }\nhooks: []\n',
    });
    const recipe = await loadRecipe(join(dir, 'recipe.yaml'));
    expect(recipe.hooks).toEqual([]);
    expect(fillRecipe(recipe)).toContain('other: { to: 3 }');
  });

  it('a wrong data source or hook of a plugin is reported with its place', async () => {
    const wrong = TEXT.replace('to: 40', 'to: -1')
      .replace('as: first', 'ass: first')
      .replace(', noting]', ', notin]');
    expect(await mistakes(folder({ 'p.mjs': PLUGIN, 'recipe.yaml': wrong }))).toEqual([
      "recipe.yaml:14:35: 'to' must be at least 0, found -1",
      "recipe.yaml:20:21: unknown key 'ass' in noting; did you mean 'as'?",
      "recipe.yaml:20:37: unknown hook 'notin'; did you mean 'noting'?",
    ]);
    const unknown = TEXT.replace('counting:', 'countng:');
    expect(await mistakes(folder({ 'p.mjs': PLUGIN, 'recipe.yaml': unknown }))).toEqual([
      "recipe.yaml:14:19: unknown source 'countng'; did you mean 'counting'?",
    ]);
    const number = TEXT.replace('{ counting: { to: 40 } }', '3');
    expect(await mistakes(folder({ 'p.mjs': PLUGIN, 'recipe.yaml': number }))).toEqual([
      "recipe.yaml:14:17: 'data.source' must be text or a list or a map, found 3",
    ]);
  });

  it.each([
    ['throws', /The data source 'counting' failed: no more/],
    ['document', /The data source 'counting' failed: document 1 is not a text/],
    ['identity', /The data source 'counting' failed: its identity must be a text/],
    ['nothing', /recipe.yaml:14:19: making source 'counting' failed: create gave no source/],
    ['option', /recipe.yaml:14:44: never/],
  ])(
    "a plugin's data source that fails (%s) ends the run with its name, and leaves nothing in the cache",
    async (bad, message) => {
      const dir = folder({ 'p.mjs': PLUGIN, 'recipe.yaml': TEXT.replace('to: 40', `to: 40, bad: ${bad}`) });
      await expect(train(dir)).rejects.toThrow(message);
      const cache = join(dir, 'cache/sources');
      if (bad === 'throws' || bad === 'document') expect(readdirSync(cache)).toEqual([]);
    },
  );

  it("a plugin's data source without documents is refused", async () => {
    const dir = folder({ 'p.mjs': PLUGIN, 'recipe.yaml': TEXT.replace('to: 40', 'to: 0') });
    await expect(train(dir)).rejects.toThrow("The data source 'counting' failed: it gave no document");
  });

  it('a hook that throws is named', async () => {
    const dir = folder({ 'p.mjs': PLUGIN, 'recipe.yaml': TEXT.replace('as: first', 'fails: true') });
    await expect(train(dir)).rejects.toThrow("The hook 'noting' failed in onStep: cannot note");
  });
});
