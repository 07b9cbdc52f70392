import { z } from 'zod';
import { component } from '../../src/core/component.ts';
import type { Layer } from '../../src/core/layer.ts';
import type { Mat } from '../../src/core/tensor.ts';
import { Activation } from '../../src/layers/activation.ts';
import { Residual } from '../../src/layers/residual.ts';
import { Sequence } from '../../src/layers/sequence.ts';
import type { Plugin } from '../../src/recipes/registry.ts';

/** tanh: a layer whose backward reads its own output and not its input, which no built-in layer does. */
class Tanh implements Layer<null> {
  readonly type = 'kept_tanh';
  readonly coupling = 'row';
  readonly keeps = { input: false, output: true };
  readonly macs = 0;

  constructor(
    readonly path: string,
    readonly inCols: number,
  ) {}

  get outCols(): number {
    return this.inCols;
  }

  parameters() {
    return [];
  }

  plan(): null {
    return null;
  }

  forward(_ctx: unknown, x: Mat, y: Mat): void {
    for (let i = 0; i < x.data.length; i++) y.data[i] = Math.tanh(x.data[i]!);
  }

  backward(_ctx: unknown, _x: Mat, y: Mat, dy: Mat, dx: Mat): void {
    for (let i = 0; i < y.data.length; i++) dx.data[i] = dy.data[i]! * (1 - y.data[i]! ** 2);
  }
}

/** Brings `kept_tanh`, and containers around it, into the suites. */
export const keepsOutput: Plugin = {
  name: 'keeps-output',
  register(add) {
    add(
      component({
        kind: 'layer',
        type: 'kept_tanh',
        summary: 'Hyperbolic tangent.',
        schema: z.strictObject({}),
        examples: [{}],
        create: (_, { path, inCols }) => new Tanh(path, inCols),
      }),
    );
    add(
      component({
        kind: 'layer',
        type: 'tanh_blocks',
        summary: 'tanh at the ends and in the middle of residuals and sequences.',
        schema: z.strictObject({}),
        examples: [{}],
        create: (_, { path, inCols }) => tanhBlocks(path, inCols),
      }),
    );
  },
};

function tanhBlocks(path: string, cols: number): Layer {
  const tanh = (name: string): Layer => new Tanh(`${path}.${name}`, cols);
  const residual = (name: string, ...layers: Layer[]): Layer =>
    new Residual(`${path}.${name}`, new Sequence(`${path}.${name}`, layers));
  return new Sequence(path, [
    residual('first', new Activation(`${path}.silu`, cols, 'silu'), tanh('last')),
    tanh('between'),
    residual('second', tanh('only')),
    residual('third', tanh('before'), new Activation(`${path}.silu_2`, cols, 'silu')),
  ]);
}
