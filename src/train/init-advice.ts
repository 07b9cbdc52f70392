import type { ParameterStore } from '../core/parameter-store.ts';

/** A standard deviation, or a constant, above which first weights are taken for the reason. */
const LARGE = 10;

/**
 * What to do where numbers are wrong before the first update, so that no learning rate can be the reason. Names the
 * parameter with the largest first values, if those are large.
 */
export function initAdvice({ all }: ParameterStore): string {
  const sizes = all.flatMap((p) => {
    if ('draw' in p.init) return [];
    return [{ p, size: 'normal' in p.init ? p.init.normal : Math.abs(p.init.constant) }];
  });
  const largest = sizes.reduce((a, b) => (b.size > a.size ? b : a));
  return largest.size > LARGE
    ? `The first weights are too large: give ${largest.p.name} a smaller init than ${largest.size}, such as { normal: 0.02 }.`
    : 'No update was made yet, so the learning rate is not the reason: look at that layer, or at the inits.';
}
