import { readFileSync } from 'node:fs';
import { recipeTraining } from '../../src/compose/recipe-training.ts';
import type { Backend } from '../../src/core/backend.ts';
import type { StepEvent } from '../../src/core/hook.ts';
import type { Parameter } from '../../src/core/parameter.ts';
import { philox } from '../../src/core/philox.ts';
import type { Recipe } from '../../src/recipes/load.ts';
import { Trainer } from '../../src/train/trainer.ts';
import type { GoldenGradient } from './v61-golden.ts';

/** What a twin says of the first steps of a recipe. */
export interface TwinNumbers {
  readonly parameters: number;
  readonly losses: readonly number[];
  readonly gradNorms: readonly number[];
  /** Of the first step, before clipping. */
  readonly gradients: Readonly<Record<string, GoldenGradient>>;
}

/** Twins are without dropout, which is random in training. */
export const CHANGES: Readonly<Record<string, readonly string[]>> = {
  'v5.2-debug': [
    'model.1.dropout=0',
    'model.2.layers.0.residual.2.dropout=0',
    'model.2.layers.1.residual.4.dropout=0',
  ],
};

const SEED = 20260101;
const SEQUENCES = 2;

const tokens = readFileSync(new URL('tokens.u16', import.meta.url));

export function twinOf(name: string): TwinNumbers {
  return JSON.parse(readFileSync(new URL(`twins/${name}.json`, import.meta.url), 'utf8')) as TwinNumbers;
}

function fnv1a(text: string): number {
  let h = 0x811c9dc5;
  for (const ch of text) h = Math.imul(h ^ ch.codePointAt(0)!, 0x01000193);
  return h >>> 0;
}

/** The twins' first values, by the rule of `first_values` in twins/parts.py. */
function fillAsTwin({ name, rows, cols, size, value }: Parameter): void {
  const key = [SEED, fnv1a(name)] as const;
  const spread = rows > 1 ? 2 ** Math.floor(Math.log2(12 / cols) / 2 + 0.5) : 1;
  for (let i = 0; i < size; i++) {
    const word = philox([i >> 2, 0, 0, 0], key)[i & 3]!;
    const u = (2 * (word >>> 12) + 1) / 2 ** 21 - 0.5;
    value.data[i] = name.endsWith('.gain') ? 1 + u / 2 : u * spread;
  }
}

/** As many steps of a recipe as its twin has, with the twin's first weights and tokens. */
export async function trainAsTwin(recipe: Recipe, backend: Backend, twin: TwinNumbers) {
  const rows = SEQUENCES * recipe.data.seq_len;
  const { vocab } = recipe.layers.parts.objective;
  const batches = {
    fill: (step: number, ids: Int32Array, targets: Int32Array): void => {
      for (let i = 0; i < rows; i++) {
        ids[i] = tokens.readUInt16LE(2 * (step * rows + i)) % vocab;
        targets[i] = tokens.readUInt16LE(2 * (step * rows + i + 1)) % vocab;
      }
    },
  };
  const { parts, options } = recipeTraining(recipe, batches, rows)(backend, 'dense');
  const { store } = parts.model;
  for (const p of store.all) fillAsTwin(p);
  const steps: StepEvent[] = [];
  const gradients = new Map<string, Float64Array>();
  const onStep = (event: StepEvent): void => {
    steps.push(event);
    if (steps.length > 1) return;
    const { clip } = recipe.train;
    const clipped = clip === null ? 1 : Math.max(1, event.gradNorm / clip);
    for (const p of store.all)
      gradients.set(
        p.name,
        Float64Array.from(p.grad.data, (g) => g * clipped),
      );
  };
  const limits = { ...options.limits, steps: twin.losses.length };
  await new Trainer(parts, { ...options, limits }, [{ onStep }]).run();
  return { steps, gradients };
}
