import { describe, expect, it } from 'vitest';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import { FLOAT32 } from '../../src/core/compute.ts';
import { ParameterStore } from '../../src/core/parameter-store.ts';
import { mat } from '../../src/core/tensor.ts';
import { Linear } from '../../src/layers/linear.ts';

const backend = createReferenceBackend('f64');

describe('linear', () => {
  it('a linear layer multiplies by its weights row by row and adds its bias', () => {
    const layer = new Linear('up', 2, 3, { bias: true, init: { normal: 1 } });
    const store = new ParameterStore([...layer.parameters()], backend);
    const [weight, bias] = store.all;
    weight!.value.data.set([1, 2, 3, 4, 5, 6]);
    bias!.value.data.set([10, 20, 30]);
    const [x, y] = [mat('f64', 1, 2, 'x'), mat('f64', 1, 3, 'y')];
    x.data.set([1, 10]);
    layer.forward({ kernels: backend.kernels, compute: FLOAT32 } as never, x, y);
    expect([...y.data]).toEqual([31, 63, 95]);
  });

  it("a linear layer's weight decays and is a matrix to Muon, its bias neither", () => {
    const [weight, bias] = new Linear('up', 2, 3, { bias: true, init: { normal: 1 } }).parameters();
    expect(weight).toMatchObject({ decay: true, matrix: true, quantised: false });
    expect(bias).toMatchObject({ decay: false, matrix: false, quantised: false });
    expect([...new Linear('up', 2, 3, { bias: false, init: { normal: 1 } }).parameters()]).toHaveLength(1);
  });
});
