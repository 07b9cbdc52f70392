import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import type { Backend } from '../../src/core/backend.ts';
import { type Component, EXAMPLE_COLS } from '../../src/core/component.ts';
import { buildLayers } from '../../src/recipes/build-model.ts';
import { RecipeReader } from '../../src/recipes/reader.ts';
import type { Registry } from '../../src/recipes/registry.ts';
import { toTree } from '../../src/recipes/tree.ts';
import { LayerCase, type LayerCaseSize } from '../../src/verify/layer-case.ts';

export const backend = createReferenceBackend('f64');
export const SEQ_LEN = 5;

/** The entry of a model list that an example amounts to. */
function entryOf({ type, main }: Component, example: Readonly<Record<string, unknown>>): unknown {
  if (main === undefined) return { [type]: example };
  const { [main]: value, ...rest } = example;
  return { [type]: value, ...rest };
}

export interface ExampleCaseOptions extends Partial<LayerCaseSize> {
  readonly cols?: number;
  /** Rows of a training sequence, where the case has fewer. */
  readonly trainedOn?: number;
  readonly on?: Backend;
}

/** A case of the layer that a component makes of one of its examples. */
export class ExampleCase extends LayerCase {
  constructor(
    registry: Registry,
    component: Component,
    example: Readonly<Record<string, unknown>>,
    {
      cols = EXAMPLE_COLS,
      sequences = 2,
      seqLen = SEQ_LEN,
      trainedOn = seqLen,
      on = backend,
      ...size
    }: ExampleCaseOptions = {},
  ) {
    const reader = new RecipeReader(registry);
    const place = { text: component.type, source: component.type, dir: '.', line: 0, column: 0 };
    const spec = reader.readLayer(toTree(entryOf(component, example), place), ['layer'], 'a test');
    reader.finish();
    const layer = buildLayers([spec!], cols, { seqLen: trainedOn });
    super(layer, on, { sequences, seqLen, ...size });
  }
}
