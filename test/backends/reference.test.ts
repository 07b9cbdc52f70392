import { afterEach, expect, it, vi } from 'vitest';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import { mat, tensor } from '../../src/core/tensor.ts';

afterEach(() => void vi.unstubAllGlobals());

it('softmaxCrossEntropy of the reference allocates no gradient that was not requested', () => {
  const { kernels } = createReferenceBackend('f64');
  const [nats, z] = [mat('f64', 1, 1, 'nats'), mat('f64', 1, 4, 'z')];
  const targets = {
    offsets: tensor('i32', 2, 1, 'offsets'),
    ids: tensor('i32', 1, 1, 'ids'),
    weights: mat('f64', 1, 1, 'weights'),
  };
  targets.offsets.data[1] = 1;
  targets.weights.data[0] = 1;
  vi.stubGlobal('Float64Array', () => expect.unreachable('a gradient was allocated'));
  kernels.softmaxCrossEntropy(nats, null, z, targets, 1, 0, 0);
  expect(nats.data[0]).toBeCloseTo(Math.log(4), 12);
});
