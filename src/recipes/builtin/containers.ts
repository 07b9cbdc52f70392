import { z } from 'zod';
import { component } from '../../core/component.ts';
import { count } from '../../core/options.ts';
import { layerList } from '../../core/slots.ts';
import { Residual } from '../../layers/residual.ts';
import { Sequence } from '../../layers/sequence.ts';

export const sequence = component({
  kind: 'layer',
  type: 'sequence',
  summary: 'Layers one after another; a list where a layer is expected is short for it.',
  main: 'layers',
  segment: null,
  schema: z.strictObject({ layers: layerList('The layers inside.') }),
  examples: [{ layers: ['silu', { ternary_linear: { out: 12 } }] }],
  create: ({ layers }, { path, inCols, build }) => new Sequence(path, [build(layers, inCols)]),
});

export const residual = component({
  kind: 'layer',
  type: 'residual',
  summary: 'Adds what the layers inside give to what came in.',
  main: 'layers',
  segment: null,
  schema: z.strictObject({ layers: layerList('The layers inside; as many columns come out as go in.') }),
  examples: [
    { layers: ['silu'] },
    { layers: ['rms_norm', { ternary_linear: { out: 8, activations: 'none' } }] },
  ],
  create: ({ layers }, { path, inCols, build, fail }) => {
    const inside = build(layers, inCols);
    if (inside.outCols !== inCols) fail(widths('residual', inCols, inside.outCols), 'layers');
    return new Residual(path, inside);
  },
});

export const repeat = component({
  kind: 'layer',
  type: 'repeat',
  summary: 'The same list of layers several times, each time with weights of its own.',
  main: 'times',
  segment: 'blocks',
  schema: z.strictObject({
    times: count.describe('How many times.'),
    layers: layerList('The layers of one block; as many columns come out as go in.'),
  }),
  examples: [{ times: 2, layers: [{ residual: ['rms_norm', 'silu'] }] }],
  create: ({ times, layers }, { path, inCols, build, fail }) => {
    const block = (index: number) => build(layers, inCols, String(index), { index, times });
    const blocks = [block(0)];
    const { outCols } = blocks[0]!;
    if (outCols !== inCols) fail(widths('repeat', inCols, outCols), 'layers');
    for (let i = 1; i < times; i++) blocks.push(block(i));
    return new Sequence(path, blocks);
  },
});

const widths = (type: string, into: number, out: number): string =>
  `${into} columns go into ${type} and its layers give ${out}; both must be the same`;
