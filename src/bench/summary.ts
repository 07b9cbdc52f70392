/** What repeated measurements amount to. */
export interface Summary {
  readonly median: number;
  /** The quartiles: half of the measurements lie between them. */
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

/** @throws RangeError when there is nothing to sum up. */
export function summarize(values: readonly number[]): Summary {
  if (values.length === 0) throw new RangeError('no measurements');
  const sorted = [...values].sort((a, b) => a - b);
  // Between two measurements a quantile is interpolated.
  const quantile = (q: number): number => {
    const at = q * (sorted.length - 1);
    const below = Math.floor(at);
    const above = Math.min(below + 1, sorted.length - 1);
    return sorted[below]! + (at - below) * (sorted[above]! - sorted[below]!);
  };
  return { median: quantile(0.5), low: quantile(0.25), high: quantile(0.75), count: values.length };
}

/** Half the distance of the quartiles as a share of the median. */
export function spread({ median, low, high }: Summary): number {
  return (high - low) / 2 / median;
}
