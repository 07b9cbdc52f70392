import { describe, expect, it } from 'vitest';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import { describeModel } from '../../src/compose/describe.ts';
import { loadRecipe } from '../../src/recipes/load.ts';
import { checkCausality } from '../../src/verify/causality.ts';
import { checkGradients, isRight } from '../../src/verify/gradient-check.ts';
import { trainOn } from '../backends/training.ts';

/** Mixers and feed-forwards of the field, in recipes alone: `d` columns come in and go out. */
const VARIANTS: Readonly<Record<string, string>> = {
  'GLU with one matrix':
    '[rms_norm, {ternary_linear: {out: 4x}}, {gated: silu}, {ternary_linear: {out: $d}}]',
  'GLU with two matrices':
    '[rms_norm, {product: [[{ternary_linear: {out: 2x}}, silu], {ternary_linear: {out: 2x}}]}, ' +
    '{ternary_linear: {out: $d}}]',
  'the skeleton of MLGRU':
    '[{product: [[{ternary_linear: {out: $d}}, rms_norm], ' +
    '[{concat: [[{ternary_linear: {out: $d}}, sigmoid], [{ternary_linear: {out: $d}}, silu]]}, ' +
    '{product: [[identity], [{causal_conv: 3}]], split: true}, silu]]}, {ternary_linear: {out: $d}}]',
  "v4's gated convolution":
    '[rms_norm, {ternary_linear: {out: 2x, activations: none}}, ' +
    '{product: [sigmoid, {causal_conv: 8}], split: true}, {ternary_linear: {out: $d, activations: none}}]',
  "v6's linear mixer":
    '[rms_norm, {product: [[{ternary_linear: {out: $d}}, sigmoid], ' +
    '[{concat: [identity, {delay: 1}]}, {ternary_linear: {out: $d}}, {ternary_linear: {out: $d}}]]}]',
  'a value that skips a layer':
    '[{remember: x0}, rms_norm, {ternary_linear: {out: $d}}, {mix: [x0], init: [0.5, 0.25]}]',
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
