import { z } from 'zod';
import { component } from '../core/component.ts';
import { count } from '../core/options.ts';
import { layerList } from '../core/slots.ts';
import { Sequence } from './sequence.ts';

export const repeat = component({
  kind: 'layer',
  type: 'repeat',
  summary: 'The same list of layers several times, each time with its own weights.',
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
    if (outCols !== inCols)
      fail(
        `${inCols} columns go into repeat and its layers give ${outCols}; both must be the same`,
        'layers',
      );
    for (let i = 1; i < times; i++) blocks.push(block(i));
    return new Sequence(path, blocks);
  },
});
