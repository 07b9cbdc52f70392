import { describe, expect, it } from 'vitest';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import type { Backend } from '../../src/core/backend.ts';
import type { Component } from '../../src/core/component.ts';
import { createRegistry } from '../../src/recipes/builtins.ts';
import { ExampleCase } from '../gradients/layer-case.ts';
import { BACKENDS } from './models.ts';

const registry = createRegistry();

/** Of documents in two sequences: single rows, one longer than a register's worth of rows, one at a sequence's end. */
const SEQUENCES = [
  [3, 1, 6, 1],
  [9, 2],
] as const;
const SEQ_LEN = 11;
const KEPT = { input: true, output: true };

/** Rotary positions count along the sequence. Only their differences matter, so that results are the same but for rounding. */
const hasRotaryPositions = ({ type }: Component, example: object): boolean =>
  type === 'attention' && !('rope' in example && example.rope === false);

/** Throws unless a batch of sequences of several documents gives what the documents give alone. */
function expectSeparateDocuments(component: Component, example: object, backend: Backend): void {
  const of = (options: object) =>
    new ExampleCase(registry, component, example as Record<string, unknown>, {
      trainedOn: SEQ_LEN,
      on: backend,
      ...options,
    });
  const starts = SEQUENCES.flatMap((lengths) => {
    let start = 0;
    return lengths.flatMap((length) => {
      start += length;
      return Array.from({ length }, () => start - length);
    });
  });
  const batch = of({ sequences: SEQUENCES.length, seqLen: SEQ_LEN, starts });
  const { kernels } = backend;
  const near = backend.real === 'f64' ? 1e-12 : 1e-5;
  const isExact = !hasRotaryPositions(component, example);
  batch.forward(kernels);
  // All is kept: what backward must not read is another suite's business, and y is compared.
  batch.backwardAfresh(kernels, KEPT);

  const found = batch.gradients().slice(1);
  const sums = found.map(({ gradient }) => new Float64Array(gradient.length));
  let first = 0;
  for (const length of SEQUENCES.flat()) {
    const alone = of({ sequences: 1, seqLen: length, firstRow: first });
    for (const name of ['x', 'dy', 'ids'] as const) {
      const { cols, data } = batch[name];
      (alone[name].data as Float64Array).set(data.subarray(first * cols, (first + length) * cols));
    }
    alone.forward(kernels);
    alone.backwardAfresh(kernels, KEPT);
    for (const name of ['y', 'dx'] as const) {
      const { cols, data } = batch[name];
      const expected = data.subarray(first * cols, (first + length) * cols);
      const bound = isExact ? 0 : near * Math.hypot(...expected);
      const off = alone[name].data.map((value, i) => Math.abs(value - expected[i]!));
      expect(Math.max(...off), `${name} of rows ${first} to ${first + length}`).toBeLessThanOrEqual(bound);
    }
    for (const [i, { gradient }] of alone.gradients().slice(1).entries())
      for (let j = 0; j < gradient.length; j++) sums[i]![j]! += gradient[j]!;
    first += length;
  }
  found.forEach(({ of: name, gradient }, i) => {
    const off = Math.max(...sums[i]!.map((sum, j) => Math.abs(sum - gradient[j]!)));
    expect(off, name).toBeLessThanOrEqual(near * Math.hypot(...sums[i]!));
  });
}

describe.each([['reference:f64', () => createReferenceBackend('f64')] as const, ...BACKENDS.slice(-1)])(
  '%s',
  (_name, create) => {
    const backend = create();
    it.each(registry.all('layer').map((component) => [component.type, component] as const))(
      '%s gives documents in one sequence what it gives them alone, forward and backward',
      (_, component) => {
        for (const example of component.examples) expectSeparateDocuments(component, example, backend);
      },
    );
  },
);
