// The sums of every matrix product. Each adds its terms in order, whatever is done beside it: several at a time do not
// wait for each other, and read what they share once.

/** `sums[j] = sum over k of left[k] * right[j, k]`; right [J x K]. */
export function dotRows(sums: Float64Array, left: Float64Array, right: Float64Array): void {
  const [J, K] = [sums.length, left.length];
  let j = 0;
  for (; j + 4 <= J; j += 4) {
    let [s0, s1, s2, s3] = [0, 0, 0, 0];
    for (let k = 0, at = j * K; k < K; k++, at++) {
      const v = left[k]!;
      s0 += v * right[at]!;
      s1 += v * right[at + K]!;
      s2 += v * right[at + 2 * K]!;
      s3 += v * right[at + 3 * K]!;
    }
    sums[j] = s0;
    sums[j + 1] = s1;
    sums[j + 2] = s2;
    sums[j + 3] = s3;
  }
  for (; j < J; j++) {
    let sum = 0;
    for (let k = 0; k < K; k++) sum += left[k]! * right[j * K + k]!;
    sums[j] = sum;
  }
}

/** `sums[j] += sum over k of factors[k] * rows[k, j]`; rows [K x J]. */
export function addRows(sums: Float64Array, factors: Float64Array, rows: Float64Array): void {
  const [J, K] = [sums.length, factors.length];
  let k = 0;
  for (; k + 4 <= K; k += 4) {
    const [f0, f1, f2, f3] = [factors[k]!, factors[k + 1]!, factors[k + 2]!, factors[k + 3]!];
    for (let j = 0, at = k * J; j < J; j++, at++) {
      sums[j] =
        sums[j]! + f0 * rows[at]! + f1 * rows[at + J]! + f2 * rows[at + 2 * J]! + f3 * rows[at + 3 * J]!;
    }
  }
  for (; k < K; k++) {
    const factor = factors[k]!;
    for (let j = 0; j < J; j++) sums[j]! += factor * rows[k * J + j]!;
  }
}
