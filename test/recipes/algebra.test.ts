import { describe, expect, it } from 'vitest';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import { describeModel } from '../../src/compose/describe.ts';
import { loadRecipe } from '../../src/recipes/load.ts';
import { checkCausality } from '../../src/verify/causality.ts';
import { checkGradients, isRight } from '../../src/verify/gradient-check.ts';
import { trainOn } from '../backends/training.ts';
import { mistakesOf } from './helpers.ts';

/** Mixers and feed-forwards of the field, in recipes alone: `d` columns come in and go out. */
const VARIANTS: Readonly<Record<string, string>> = {
  'GLU with one matrix':
    '[rms_norm, {ternary_linear: {out: 4x}}, {gated: silu}, {ternary_linear: {out: $d}}]',
  'GLU with two matrices':
    '[rms_norm, {product: [[{ternary_linear: {out: 2x}}, silu], {ternary_linear: {out: 2x}}]}, ' +
    '{ternary_linear: {out: $d}}]',
  'MLGRU with bounds that all layers learn':
    '[{repeat: 2, layers: [{product: [[{ternary_linear: {out: $d}}, rms_norm], ' +
    '[{concat: [[{ternary_linear: {out: $d}}], [{ternary_linear: {out: $d}}, silu]]}, ' +
    '{forget_gate: {lower_bound: learned}}, scan, silu]]}, {ternary_linear: {out: $d}}]}]',
  "v5's gated recurrence":
    '[{repeat: 2, layers: [token_shift, {product: [[{ternary_linear: {out: $d}}, sigmoid], ' +
    '[{concat: [[{ternary_linear: {out: $d}}], [{ternary_linear: {out: $d}}]]}, ' +
    '{forget_gate: {lower_bound: 0.9*$index/($times-1), bias: true}}, scan]]}, {ternary_linear: {out: $d}}]}]',
  'GLA with a decay of low rank':
    '[{concat: [{linear: {out: 3x}}, [{linear: {out: 2}}, {linear: {out: $d}}, {log_decay: {temperature: 16}}]]}, ' +
    '{gla: {heads: 2}}, rms_norm, {linear: {out: $d}}]',
  'HGRN2, whose keys are what its gates leave':
    '[{repeat: 2, layers: [{concat: [[{linear: {out: $d}}, silu], {linear: {out: $d}}, ' +
    '[{linear: {out: $d}}, {log_decay: {lower_bound: learned, keys: true}}]]}, ' +
    '{concat: [{columns: $d}, {columns: $d, from: 2*$d}, {columns: $d, from: $d}, ' +
    '{columns: $d, from: 3*$d}]}, {gla: {heads: 2, scale: 1}}, rms_norm, {linear: {out: $d}}]}]',
  'retention with fixed decays':
    '[{linear: {out: 3x}}, {gla: {heads: 3, decay: retention}}, {linear: {out: $d}}]',
  'Mamba-2, whose heads share queries and keys':
    '[{concat: [[{linear: {out: $d+8}}, {causal_conv: 4}, silu], [{linear: {out: 3}}, {step_decay: {steps: true}}]]}, ' +
    '{gla: {heads: 3, key_heads: 1, key_width: 4, decay: head, beta: true, scale: 1}}, {linear: {out: $d}}]',
  "RWKV-6's state, read before it is written":
    '[token_shift, {concat: [{linear: {out: 3x}}, [{linear: {out: $d}}, log_decay]]}, ' +
    '{gla: {heads: 2, bonus: true, scale: 1}}, {linear: {out: $d}}]',
  'gated DeltaNet':
    '[{concat: [[{linear: {out: 3x}}, {causal_conv: 4}, silu], [{linear: {out: 3}}, sigmoid], ' +
    '[{linear: {out: 3}}, step_decay]]}, {delta: {heads: 3}}, rms_norm, {linear: {out: $d}}]',
  "v4's gated convolution":
    '[rms_norm, {ternary_linear: {out: 2x, activations: none}}, ' +
    '{product: [sigmoid, {causal_conv: 8}], split: true}, {ternary_linear: {out: $d, activations: none}}]',
  "v6's linear mixer":
    '[rms_norm, {product: [[{ternary_linear: {out: $d}}, sigmoid], ' +
    '[{concat: [identity, {delay: 1}]}, {ternary_linear: {out: $d}}, {ternary_linear: {out: $d}}]]}]',
  'a value that skips a layer':
    '[{remember: x0}, rms_norm, {ternary_linear: {out: $d}}, {mix: [x0], init: [0.5, 0.25]}]',
  "v6's bank of scales, which a router weighs":
    '[rms_norm, {concat: [[{linear: {out: 2}}, softmax], ' +
    '[{concat: [identity, {delay: 1}]}, {ternary_linear: {out: $d}}], ' +
    '[{concat: [identity, {delay: 2}]}, {ternary_linear: {out: $d}}]]}, ' +
    '{scale_groups: 2}, {sum: [identity, identity], split: true}]',
  "v6's slots behind a learned gate":
    '[rms_norm, {concat: [identity, [{ternary_linear: {out: $d}}, {slots: {count: 8}}]]}, {ternary_linear: {out: $d}}, ' +
    '{learned_scale: {through: sigmoid}}]',
  'value embeddings with a gate for each head':
    '[layer_norm, {concat: [[{columns: 4}, {linear: {out: 3}}, sigmoid, {scale: 3}], {linear: {out: $d}}]}, ' +
    '{value_embedding: {vocab: 260, gates: 3}}]',
  'learned positions and pairs of tokens':
    '[position_embedding, {bigram_embedding: {rows: 50}}, {group_norm: {groups: 4}}, {linear: {out: $d}}]',
  'a second stream of four columns':
    '[{learned_columns: 4, init: {normal: 1}}, ' +
    '{residual: [{concat: [{product: [identity, [{linear: {out: $d}}, sigmoid]], split: [$d, 4]}, ' +
    '[running_mean, {linear: {out: 4}}]]}]}, ' +
    '{product: [[rms_norm, {ternary_linear: {out: $d}}], [{linear: {out: $d}}, sigmoid]], split: [$d, 4]}, ' +
    '{learned_columns: 2}, {columns: $d}, {scale: inverse_sqrt}]',
};

describe.each(Object.entries(VARIANTS))('%s', (_, layers) => {
  const load = () =>
    loadRecipe('shift', {
      set: [
        'sizes={d: 12}',
        `model=[{embedding: {vocab: 260, dim: $d, init: {normal: 0.5}}}, {residual: ${layers}}, rms_norm, tied_head]`,
        'tokenizer.vocab=260',
        'data.seq_len=16',
        'optimizer.lr=0.02',
        'schedule={type: constant}',
      ],
    });

  it('the gradients of a composed model are those of its loss', async () => {
    const results = checkGradients(await load(), { probes: 6 });
    expect(results.filter((result) => !isRight(result))).toEqual([]);
  });

  it('a composed model passes the causality check', async () => {
    const { causal, leak } = checkCausality(await load(), createReferenceBackend('f32'));
    expect({ causal, leak }).toEqual({ causal: true, leak: null });
  });

  it('a composed model learns, and one size widens it', async () => {
    const recipe = await load();
    const events = await trainOn({ ...recipe, collapse: 'never' }, createReferenceBackend('f32'), 12, 1);
    expect(events.at(-1)!.loss).toBeLessThan(events[0]!.loss - 0.3);
    const wide = await loadRecipe('shift', {
      set: [
        'sizes={d: 24}',
        `model=[{embedding: {vocab: 260, dim: $d}}, {residual: ${layers}}, tied_head]`,
        'tokenizer.vocab=260',
      ],
    });
    expect(describeModel(wide).layers.at(-1)!.inCols).toBe(24);
  });
});

describe('mistakes in the columns of branches and groups', () => {
  const mistake = (layer: string) =>
    mistakesOf(
      `extends: v61-debug\ncollapse: never\nmodel: [{embedding: {vocab: 300, dim: 32}}, ${layer}, tied_head]\n`,
    );

  it.each([
    [
      '{concat: [silu, tanh, relu], split: true}',
      '32 columns come in, which cannot be split evenly among 3 branches',
    ],
    [
      '{concat: [silu, tanh, relu], split: [16, 16]}',
      'split has 2 widths, expected one for each of 3 branches',
    ],
    ['{concat: [silu, tanh], split: [16, 17]}', '32 columns come in, but the widths add up to 33'],
    ['{rms_norm: {groups: 3}}', '32 columns come in, which cannot be split into 3 equal groups'],
    ['{columns: 16, from: 17}', '32 columns come in; there are none from 17 to 33'],
  ])('are named with both numbers: %s', async (layer, message) => {
    expect((await mistake(layer)).join('\n')).toContain(message);
  });
});
