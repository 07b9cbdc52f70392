import { z } from 'zod';
import { component } from '../../src/core/component.ts';
import type { Layer, StepContext } from '../../src/core/layer.ts';
import { Parameter } from '../../src/core/parameter.ts';
import type { Planner } from '../../src/core/planner.ts';
import type { Mat } from '../../src/core/tensor.ts';
import type { Plugin } from '../../src/recipes/registry.ts';

interface Cache {
  readonly mid: Mat;
}

const FAULTS = ['forward', 'backward', 'gradient', 'mid'] as const;
export type Fault = (typeof FAULTS)[number];

/** `y = gain * x` in plain loops, which makes one NaN: in y, in dx, in the gradient of the gain, or on the way to a kernel. */
class MakesNan implements Layer<Cache> {
  readonly coupling = 'row';
  readonly keeps = { input: true, output: false };
  readonly macs = 0;
  readonly outCols: number;
  private readonly gain: Parameter;

  constructor(
    readonly path: string,
    readonly type: string,
    readonly inCols: number,
    private readonly fault: Fault,
  ) {
    this.outCols = inCols;
    this.gain = new Parameter(`${path}.gain`, 1, inCols, { constant: 1 });
  }

  parameters() {
    return [this.gain];
  }

  plan(rows: number, p: Planner): Cache {
    return { mid: p.saved(`${this.path}/mid`, rows, this.inCols) };
  }

  forward({ kernels: k }: StepContext, x: Mat, y: Mat, { mid }: Cache): void {
    const { data: gain } = this.gain.value;
    for (let i = 0; i < x.data.length; i++) y.data[i] = gain[i % x.cols]! * x.data[i]!;
    if (this.fault === 'forward') y.data[5] = Number.NaN;
    if (this.fault !== 'mid') return;
    mid.data[5] = Number.NaN;
    k.add(y, y, mid);
  }

  backward(_: StepContext, x: Mat, _y: Mat, dy: Mat, dx: Mat): void {
    const [{ data: gain }, { data: grad }] = [this.gain.value, this.gain.grad];
    for (let i = 0; i < x.data.length; i++) {
      dx.data[i] = gain[i % x.cols]! * dy.data[i]!;
      grad[i % x.cols]! += x.data[i]! * dy.data[i]!;
    }
    if (this.fault === 'backward') dx.data[5] = Number.NaN;
    if (this.fault === 'gradient') grad[2] = Number.NaN;
  }
}

/** Brings `nan_forward`, `nan_backward`, `nan_gradient` and `nan_mid`. */
const nonFiniteLayers: Plugin = {
  name: 'non-finite-layers',
  register(add) {
    for (const fault of FAULTS) {
      const type = `nan_${fault}`;
      add(
        component({
          kind: 'layer',
          type,
          summary: 'Makes one NaN.',
          schema: z.strictObject({}),
          examples: [{}],
          create: (_, { path, inCols }) => new MakesNan(path, type, inCols, fault),
        }),
      );
    }
  },
};

export default nonFiniteLayers;
