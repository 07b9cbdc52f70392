// Derivatives by finite differences, and how a gradient compares with them.

/** How much smaller the steps are that a difference which is off is formed with again. */
export const FINER = 8;
/** What rounding may do, on the way through `derivative`, to a sum of float64 terms, relative to the sum of their sizes. */
export const ROUNDINGS = 8 * 2 ** -53;

/** Central difference with its error of second order taken out (Richardson). */
export function derivative(move: (by: number) => void, loss: () => number, step: number): number {
  const slope = (h: number): number => {
    move(h);
    const up = loss();
    move(-2 * h);
    const down = loss();
    move(h);
    return (up - down) / (2 * h);
  };
  return (4 * slope(step / 2) - slope(step)) / 3;
}

/** How closely a gradient agrees with differences. */
export interface ComparedDerivatives {
  /**
   * Greatest `|gradient - difference| / max(|difference| + size, rounding / bound)`: what rounding of the loss does to a
   * difference is not an error of the gradient. Not finite where backward left no number.
   */
  readonly worst: number;
  /** Gradient and differences are 0 as far as rounding lets differences tell. */
  readonly zero: boolean;
}

export interface Derivatives {
  readonly found: readonly number[];
  readonly differences: readonly number[];
  /** Difference `k` with a step that is `FINER` times smaller. */
  finer(k: number): number;
  readonly bound: number;
  /** What rounding may do to a difference. */
  readonly rounding: number;
  /** What a derivative typically is. */
  readonly size: number;
}

/** Compares the derivatives that backward `found` with differences. */
export function compareDerivatives({
  found,
  differences,
  finer,
  bound,
  rounding,
  size,
}: Derivatives): ComparedDerivatives {
  const errorOf = (g: number, difference: number, floor: number): number => {
    const error = Math.abs(g - difference);
    return error && error / Math.max(Math.abs(difference) + size, floor);
  };
  const errors = found.map((g, k) => {
    const error = errorOf(g, differences[k]!, rounding / bound);
    // Where the function bends within a step, as a norm does near 0, a smaller one decides.
    if (error <= bound) return error;
    const fine = finer(k);
    // Errors fall at least as the step does, so its own is a part of what the smaller step changed; twice that is allowed.
    const left = (2 * Math.abs(differences[k]! - fine)) / (FINER - 1);
    return Math.min(error, errorOf(g, fine, Math.max(FINER * rounding, left) / bound));
  });
  const worst = errors.some(Number.isNaN) ? Number.NaN : Math.max(...errors);
  return { worst, zero: [...found, ...differences].every((value) => Math.abs(value) <= rounding) };
}

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
