import { describe, expect, it } from 'vitest';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import { describeModel } from '../../src/compose/describe.ts';
import { memoryOf } from '../../src/core/memory.ts';
import type { Optimizer } from '../../src/core/optimizer.ts';
import { Parameter } from '../../src/core/parameter.ts';
import { ParameterStore } from '../../src/core/parameter-store.ts';
import { type Group, Groups } from '../../src/optim/groups.ts';
import { Sgd } from '../../src/optim/sgd.ts';
import { loadRecipe } from '../../src/recipes/load.ts';
import { mistakesOf, VALID } from '../recipes/helpers.ts';
import { stepOf } from './updates.ts';

const sgd = (lr: number): Optimizer => new Sgd({ lr, momentum: 0, weightDecay: 0 });
const ternary = { decay: true, matrix: true, quantised: true };
const PARAMETERS = () => [
  new Parameter('embedding.weight', 3, 2, { constant: 1 }, { decay: true, table: 'embedding' }),
  new Parameter('blocks.0.norm.gain', 1, 2, { constant: 1 }),
  new Parameter('blocks.0.up.weight', 2, 2, { constant: 1 }, ternary),
  new Parameter('blocks.1.up.weight', 2, 2, { constant: 1 }, ternary),
  new Parameter('blocks.1.down.weight', 2, 2, { constant: 1 }, { decay: true, matrix: true }),
];

const group = (optimizer: Optimizer, ...match: readonly string[]): Group => ({ match, optimizer });

function planned(groups: Groups) {
  const backend = createReferenceBackend('f64');
  const parameters = PARAMETERS();
  new ParameterStore(parameters, backend).initialize(1);
  return { backend, parameters, plan: groups.plan(parameters, memoryOf(backend)) };
}

/** `match: name name` of each group. */
const shown = (groups: Groups): string[] =>
  planned(groups).plan.groups!.map(
    ({ match, parameters }) => `${match}: ${parameters.map(({ name }) => name).join(' ')}`,
  );

describe('optimiser groups', () => {
  it('optimiser groups give each parameter to the first group that matches its kind or its name', () => {
    const groups = [
      group(sgd(1), 'blocks.*.down.weight', 'embedding'),
      group(sgd(1), 'ternary'),
      group(sgd(1), '**.gain'),
    ];
    expect(shown(new Groups(groups, sgd(1)))).toEqual([
      'blocks.*.down.weight, embedding: embedding.weight blocks.1.down.weight',
      'ternary: blocks.0.up.weight blocks.1.up.weight',
      '**.gain: blocks.0.norm.gain',
    ]);
    expect(shown(new Groups([group(sgd(1), 'matrix')], sgd(1)))).toEqual([
      'matrix: blocks.0.up.weight blocks.1.up.weight blocks.1.down.weight',
      'otherwise: embedding.weight blocks.0.norm.gain',
    ]);
  });

  it("one star in a group's pattern matches one step of a path", () => {
    expect(() => shown(new Groups([group(sgd(1), '*.weight', '*.up.weight')], sgd(1)))).toThrow(
      "no parameter matches '*.up.weight'",
    );
  });

  it('a group that matches no parameter is refused, with the kinds and names there are', () => {
    const groups = new Groups([group(sgd(1), 'blocks.*.upp.weight')], sgd(1));
    expect(() => shown(groups)).toThrow(
      expect.objectContaining({
        message: "optimizer groups: no parameter matches 'blocks.*.upp.weight'",
        remedy:
          'Kinds: ternary, matrix, embedding, vector. ' +
          'Names: embedding.weight, blocks.*.norm.gain, blocks.*.up.weight, blocks.*.down.weight.',
      }),
    );
  });

  it('a group whose parameters all belong to earlier groups is refused', () => {
    expect(() => shown(new Groups([group(sgd(1), 'matrix'), group(sgd(1), 'ternary')], sgd(1)))).toThrow(
      "optimizer groups: earlier groups hold all parameters that 'ternary' matches",
    );
  });

  it('optimiser groups update only their own parameters, at rates proportional to their peaks, nested too', () => {
    const inner = new Groups([group(sgd(4), 'ternary')], sgd(2));
    const { backend, parameters, plan } = planned(new Groups([group(inner, 'matrix')], sgd(1)));
    for (const p of parameters) p.grad.data.fill(1);
    // Half of every peak.
    plan.update(backend.kernels, stepOf(1, 0.5));
    expect(parameters.map(({ value }) => value.data[0])).toEqual([0.5, 0.5, -1, -1, 0]);
    expect(plan.groups!.map(({ match, lr }) => [match, lr])).toEqual([
      ['matrix > ternary', 4],
      ['matrix > otherwise', 2],
      ['otherwise', 1],
    ]);
    expect(plan.slots.flatMap((slot) => slot.parts.map(({ values }) => values.label)).sort()).toEqual(
      parameters.map(({ name }) => `velocity(${name})`).sort(),
    );
  });
});

/** The right recipe of the suite with another optimizer. */
const recipeWith = (optimizer: string): string =>
  VALID.replace(/^optimizer:.*(\n {2,}.*)*/m, `optimizer: ${optimizer}`);

describe('groups in a recipe', () => {
  it('groups in a recipe change the rate and decay of a shared optimiser, or have a separate one', async () => {
    const optimizer =
      '{ type: groups, groups: [{ match: matrix, optimizer: { type: muon, lr: 0.02 } }, ' +
      '{ match: embedding, lr: 0.5, weight_decay: 0 }], otherwise: { type: adamw, lr: 0.004, weight_decay: 0.1 } }';
    const recipe = await loadRecipe('v61-debug', { set: [`optimizer=${optimizer}`] });
    const { groups } = describeModel(recipe);
    expect(groups).toEqual([
      expect.objectContaining({
        match: 'matrix',
        optimizer: 'muon',
        lr: 0.02,
        names: ['blocks.*.up.weight', 'blocks.*.down.weight'],
      }),
      expect.objectContaining({ match: 'embedding', optimizer: 'adamw', lr: 0.002 }),
      expect.objectContaining({ match: 'otherwise', names: ['blocks.*.norm.gain'], parameters: 64 }),
    ]);
  });

  it('groups in a recipe can be changed by a path into their list', async () => {
    const set = [
      'optimizer={ type: groups, groups: [{ match: matrix, lr: 0.5 }], otherwise: { type: sgd, lr: 1 } }',
      'optimizer.groups.0.optimizer={ type: muon, lr: 0.25 }',
      'optimizer.groups.0.lr=2',
    ];
    const { groups } = describeModel(await loadRecipe('v61-debug', { set }));
    expect(groups![0]).toMatchObject({ optimizer: 'muon', lr: 0.5 });
  });

  it('an error inside a group is reported at its place', async () => {
    const text = recipeWith(
      '\n  type: groups\n  groups:\n    - match: matrix\n      optimizer: { type: muon, lrr: 1 }\n  otherwise: { type: sgd, lr: 1 }\n',
    );
    const [line] = await mistakesOf(text);
    expect(line).toMatch(/^recipe\.yaml:\d+:\d+: unknown key 'lrr' in muon; did you mean 'lr'\?$/);
  });

  it('Muon for a parameter that is not a matrix is refused, with how to group it', async () => {
    const recipe = await loadRecipe('v61-debug', { set: ['optimizer={ type: muon, lr: 0.02 }'] });
    expect(() => describeModel(recipe)).toThrow(
      'muon updates matrices only, and embedding.weight is an embedding table',
    );
  });
});
