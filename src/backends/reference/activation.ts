import type { ActivationFn } from '../../core/choices.ts';
import type { Kernels } from '../../core/kernels.ts';

export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** Density of the standard normal distribution. */
const density = (x: number): number => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);

/** From here on the continued fraction converges to float64's last digits. */
const TAIL = 3;
const TERMS = 100;

/** The share of the standard normal distribution that is below x, with all digits of a small one. */
export function normalBelow(x: number): number {
  if (Number.isNaN(x)) return x;
  const a = Math.abs(x);
  let above: number;
  if (a < TAIL) {
    // All terms are positive: a + a^3 / 3 + a^5 / (3 * 5) + ...
    let [sum, term] = [0, a];
    for (let n = 3; term > 2 ** -60 * sum; n += 2) {
      sum += term;
      term *= (a * a) / n;
    }
    above = 0.5 - density(a) * sum;
  } else {
    // Laplace: density / (a + 1 / (a + 2 / (a + 3 / ...))).
    let fraction = a;
    for (let n = TERMS; n > 0; n--) fraction = a + n / fraction;
    above = density(a) / fraction;
  }
  return x > 0 ? 1 - above : above;
}

interface Curve {
  readonly value: (x: number) => number;
  readonly slope: (x: number) => number;
}

/** What GELU's approximation by tanh puts into the sigmoid, and the derivative of that. */
const BEND = 0.044715;
const inner = (x: number): number => 2 * Math.sqrt(2 / Math.PI) * (x + BEND * x ** 3);
const innerSlope = (x: number): number => 2 * Math.sqrt(2 / Math.PI) * (1 + 3 * BEND * x ** 2);

/** No slope is a difference from 1 where the function saturates: it would be 0 too early. */
export const CURVES: Readonly<Record<ActivationFn, Curve>> = {
  /** Elfwing et al. 2018. */
  silu: {
    value: (x) => x * sigmoid(x),
    slope: (x) => {
      const s = sigmoid(x);
      return s * (1 + x * (1 - s));
    },
  },
  sigmoid: { value: sigmoid, slope: (x) => sigmoid(x) * sigmoid(-x) },
  tanh: { value: Math.tanh, slope: (x) => Math.cosh(x) ** -2 },
  relu: { value: (x) => Math.max(x, 0), slope: (x) => (x > 0 ? 1 : 0) },
  /** So et al. 2021. */
  relu2: { value: (x) => Math.max(x, 0) ** 2, slope: (x) => 2 * Math.max(x, 0) },
  /** Hendrycks and Gimpel 2016. */
  gelu: { value: (x) => x * normalBelow(x), slope: (x) => normalBelow(x) + x * density(x) },
  /** `x (1 + tanh(u)) / 2` is `x sigmoid(2u)`. */
  gelu_tanh: {
    value: (x) => x * sigmoid(inner(x)),
    slope: (x) => {
      const [s, rest] = [sigmoid(inner(x)), sigmoid(-inner(x))];
      return s + x * s * rest * innerSlope(x);
    },
  },
  softplus: { value: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), slope: sigmoid },
};

export const activation: Kernels['activation'] = (out, outSlope, x, fn) => {
  const { value, slope } = CURVES[fn];
  for (let i = 0; i < x.data.length; i++) {
    out.data[i] = value(x.data[i]!);
    if (outSlope) outSlope.data[i] = slope(x.data[i]!);
  }
};
