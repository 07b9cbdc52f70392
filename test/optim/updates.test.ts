import { describe, expect, it } from 'vitest';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import { memoryOf } from '../../src/core/memory.ts';
import { Parameter } from '../../src/core/parameter.ts';
import { ParameterStore } from '../../src/core/parameter-store.ts';
import { AdamW } from '../../src/optim/adamw.ts';
import { Lion } from '../../src/optim/lion.ts';
import { Muon, type MuonOptions } from '../../src/optim/muon.ts';
import { Sgd } from '../../src/optim/sgd.ts';
import { BACKENDS } from '../properties/models.ts';
import { expectUpdates, stepOf } from './updates.ts';

const optimizers = { Sgd, AdamW, Lion, Muon };

describe.each([
  ['reference:f64', () => createReferenceBackend('f64'), 1e-12],
  ...BACKENDS.map(([name, create]) => [name, create, 5e-6] as const),
] as const)('%s', (_, create, bound) => {
  it('SGD, AdamW, Lion and Muon update as plain float64 loops do', () => {
    expectUpdates(optimizers, create(), bound);
  });
});

const MUON: MuonOptions = {
  lr: 0.1,
  momentum: 0.9,
  nesterov: true,
  weightDecay: 0,
  steps: 5,
  scale: 'keller',
};

/** A 4 x 6 matrix after one update, by the options. */
function afterUpdate(change: Partial<MuonOptions>): number[] {
  const backend = createReferenceBackend('f64');
  const p = new Parameter('weight', 4, 6, { normal: 1 }, { matrix: true });
  new ParameterStore([p], backend).initialize(1);
  p.grad.data.set(p.value.data.map((v, i) => Math.sin(v + i)));
  new Muon({ ...MUON, ...change }).plan([p], memoryOf(backend)).update(backend.kernels, stepOf(1, 0.1));
  return [...p.value.data];
}

describe('Muon', () => {
  it('Muon splits a matrix by a count as by the rows of each block', () => {
    expect(afterUpdate({ split: 2 })).toEqual(afterUpdate({ split: [2, 2] }));
    expect(afterUpdate({ split: 2 })).not.toEqual(afterUpdate({}));
    expect(afterUpdate({ split: [4] })).toEqual(afterUpdate({}));
  });

  it.each([
    [3, 'muon cannot split weight, which has 4 rows, into 3 equal blocks'],
    [[1, 2], 'muon cannot split weight, which has 4 rows, into blocks of 1, 2 rows'],
  ])('Muon refuses to split four rows into %j', (split, message) => {
    expect(() => afterUpdate({ split })).toThrow(message);
  });

  it('Muon does not change weights whose gradients are 0', () => {
    const backend = createReferenceBackend('f64');
    const p = new Parameter('weight', 2, 3, { normal: 1 }, { matrix: true });
    new ParameterStore([p], backend).initialize(1);
    const before = [...p.value.data];
    new Muon(MUON).plan([p], memoryOf(backend)).update(backend.kernels, stepOf(1, 0.1));
    expect([...p.value.data]).toEqual(before);
  });
});
