import type { Kernels } from '../../core/kernels.ts';
import { halves, philox } from '../../core/philox.ts';

/** Elements that 16 counters serve. */
const GROUP = 64;
const COUNTERS = 16;

/**
 * The random 32-bit number of an element. Word w of counter c serves element 16 w + c of a group of 64: neighbours have
 * neighbouring counters, so that registers of up to 16 lanes need no shuffle.
 */
function wordOf(element: number, seed: number, step: number, stream: number): number {
  const within = element % GROUP;
  const counter = Math.floor(element / GROUP) * COUNTERS + (within % COUNTERS);
  return philox([...halves(counter), step, stream], halves(seed))[Math.floor(within / COUNTERS)]!;
}

/** What elements are multiplied by, by their numbers; float32 on every backend (Srivastava et al. 2014, scaled in training). */
export function keptFactor(
  rate: number,
  seed: number,
  step: number,
  stream: number,
): (element: number) => number {
  const limit = Math.floor(rate * 2 ** 32);
  const scale = Math.fround(1 / (1 - rate));
  if (limit === 0) return () => 1;
  return (element) => (wordOf(element, seed, step, stream) >= limit ? scale : 0);
}

export const dropout: Kernels['dropout'] = (out, x, rate, seed, step, stream, firstRow) => {
  const factorOf = keptFactor(rate, seed, step, stream);
  for (let i = 0; i < x.data.length; i++) out.data[i] = x.data[i]! * factorOf(firstRow * x.cols + i);
};
