import { afterAll, describe, expect, it } from 'vitest';
import { createNativeBackend, nativeStatus } from '../../src/backends/native/index.ts';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import type { Backend } from '../../src/core/backend.ts';
import { loadRecipe } from '../../src/recipes/load.ts';
import { effort } from '../effort.ts';
import { LINE_UP } from '../recipes/line-up.ts';
import { CHANGES, trainAsTwin, twinOf } from './twins.ts';

/** Of a loss and a gradient of the first step, and of the losses after updates, where AdamW divides by tiny gradients. */
interface Bounds {
  readonly first: number;
  readonly gradients: number;
  readonly later: number;
}

async function expectTwin(name: string, backend: Backend, bounds: Bounds): Promise<void> {
  const twin = twinOf(name);
  const { steps, gradients } = await trainAsTwin(
    await loadRecipe(name, { set: CHANGES[name] ?? [] }),
    backend,
    twin,
  );
  steps.forEach(({ loss, gradNorm }, i) => {
    const bound = i === 0 ? bounds.first : bounds.later;
    expect(Math.abs(loss / twin.losses[i]! - 1), `loss of step ${i}`).toBeLessThan(bound);
    expect(Math.abs(gradNorm / twin.gradNorms[i]! - 1), `norm of step ${i}`).toBeLessThan(10 * bound);
  });
  expect([...gradients.keys()].sort()).toEqual(Object.keys(twin.gradients).sort());
  for (const [parameter, gradient] of gradients) {
    const { norm, at, values } = twin.gradients[parameter]!;
    const ours = Math.hypot(...gradient);
    const rms = norm / Math.sqrt(gradient.length);
    expect(Math.abs(ours - norm), `norm of ${parameter}`).toBeLessThanOrEqual(bounds.gradients * norm);
    for (const [i, place] of at.entries()) {
      const error = Math.abs(gradient[place]! - values[i]!);
      expect(error, `${parameter}[${place}]`).toBeLessThanOrEqual(
        bounds.gradients * (Math.abs(values[i]!) + rms),
      );
    }
  }
}

// The others agree with the reference op by op in test/conformance.
const supported = nativeStatus().isas.filter((i) => i.supported);
const natives = effort(supported.slice(-1), supported).map(({ isa }) =>
  createNativeBackend({ isa, threads: 1 }),
);
afterAll(() => {
  for (const backend of natives) backend.dispose();
});

describe.each(LINE_UP.map(({ name }) => `${name}-debug`))('%s', (name) => {
  it('takes the steps of its independent twin in float64: reference:f64 to 1e-9', async () => {
    await expectTwin(name, createReferenceBackend('f64'), { first: 1e-9, gradients: 1e-9, later: 1e-9 });
  });

  it.each(natives.map((backend) => [backend.name, backend] as const))(
    'takes the steps of its independent twin in float64: %s to its bound',
    async (_, backend) => {
      await expectTwin(name, backend, { first: 1e-6, gradients: 1e-4, later: 1e-3 });
    },
  );
});
