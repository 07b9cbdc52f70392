import type { Parameter } from '../core/parameter.ts';
import type { Model } from '../runtime/model.ts';
import type { CodeShares, TernaryEvent } from './events.ts';

interface Counts {
  readonly minus: number;
  readonly zero: number;
  readonly plus: number;
  readonly flipped: number;
}

/**
 * Counts the ternary codes of the weights as step `step` left them, and compares them with those that the step computed with.
 * Call it before anything else prepares the model. Null for a model without ternary weights.
 */
export function ternaryReport(model: Model, step: number): TernaryEvent | null {
  const quantised = model.store.all.filter((parameter) => parameter.quantised);
  if (quantised.length === 0) return null;
  const before = quantised.map(({ ternary }) => ternary.codes.data.slice());
  model.prepare();
  const counts = quantised.map(({ ternary }, i) => count(ternary.codes.data, before[i]!));
  const layers = quantised.map((parameter, i) => ({
    name: parameter.name,
    ...sharesOf(counts[i]!),
    scale: meanScale(parameter),
  }));
  return { event: 'ternary', step, ...sharesOf(counts.reduce(sum)), layers };
}

function count(codes: Int8Array, before: Int8Array): Counts {
  let [minus, plus, flipped] = [0, 0, 0];
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i]!;
    if (code < 0) minus++;
    else if (code > 0) plus++;
    if (code !== before[i]) flipped++;
  }
  return { minus, zero: codes.length - minus - plus, plus, flipped };
}

const sum = (a: Counts, b: Counts): Counts => ({
  minus: a.minus + b.minus,
  zero: a.zero + b.zero,
  plus: a.plus + b.plus,
  flipped: a.flipped + b.flipped,
});

function sharesOf({ minus, zero, plus, flipped }: Counts): CodeShares {
  const all = minus + zero + plus;
  return { minus: minus / all, zero: zero / all, plus: plus / all, flipped: flipped / all };
}

/** Where each row has a scale, the mean of them. */
function meanScale({ ternary: { scale, rowScale } }: Parameter): number {
  const { data } = rowScale ?? scale;
  let total = 0;
  for (let i = 0; i < data.length; i++) total += data[i]!;
  return total / data.length;
}
