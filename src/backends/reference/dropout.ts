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

/** Srivastava et al. 2014, scaled in training. The factor is float32 on every backend. */
export const dropout: Kernels['dropout'] = (out, x, rate, seed, step, stream, firstRow) => {
  const limit = Math.floor(rate * 2 ** 32);
  const scale = Math.fround(1 / (1 - rate));
  for (let i = 0; i < x.data.length; i++) {
    const isKept = wordOf(firstRow * x.cols + i, seed, step, stream) >= limit;
    out.data[i] = x.data[i]! * (isKept ? scale : 0);
  }
};
