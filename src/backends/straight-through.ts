import type { Kernels } from '../core/kernels.ts';
import type { Codes, Mat, Quantized } from '../core/tensor.ts';

/** What one quantiser saw at the point where gradients are taken. */
interface Linearisation {
  readonly x: Float64Array;
  /** scale * codes */
  readonly value: Float64Array;
}

/**
 * The smooth function whose true gradient a straight-through backward claims to be. A quantiser q is replaced by its
 * linearisation at the base point, `q(x0) + (x - x0)`: it has q's value there and the identity's derivative. Finite
 * differences of this function must equal what backward computes on the real quantised forward; so straight-through
 * layers are checked like all others, and no layer needs its own surrogate.
 *
 * `record` runs the real kernels and notes each quantiser's input and output; `replay` runs the linearised function.
 * Quantisers are matched by the order of their calls, which must be the same in every pass. Only for float64 kernels.
 */
export class StraightThrough {
  private readonly base: Linearisation[] = [];
  private readonly linear = new Map<Codes['data'], Float64Array>();
  private call = 0;
  private readonly rules = new Set<string>();

  constructor(private readonly inner: Kernels) {}

  /** The rules of the quantisers that are replaced, in the order of their first call: `absmean`, `ternary`. */
  get quantizers(): readonly string[] {
    return [...this.rules];
  }

  /** Kernels for the pass at the base point. */
  record(): Kernels {
    this.base.length = 0;
    this.rules.clear();
    const note = (x: Mat, codes: Codes, scale: Mat): void => {
      this.base.push({
        x: Float64Array.from(x.data),
        value: Float64Array.from(codes.data, (c, i) => c * scaleAt(scale, Math.floor(i / codes.cols))),
      });
    };
    return {
      ...this.inner,
      quantizeWeight: (codes, scale, w, rule) => {
        this.inner.quantizeWeight(codes, scale, w, rule);
        this.rules.add(rule);
        note(w, codes, scale);
      },
      quantizeRows: (codes, scale, x, rule) => {
        this.inner.quantizeRows(codes, scale, x, rule);
        this.rules.add(rule);
        note(x, codes, scale);
      },
    };
  }

  /** Kernels for one pass anywhere near the base point. */
  replay(): Kernels {
    this.call = 0;
    const follow = (x: Mat, codes: Codes): void => {
      const at = this.base[this.call++];
      if (!at || at.x.length !== x.data.length)
        throw new Error('a pass quantised something else than the recorded one');
      this.linear.set(
        codes.data,
        at.value.map((v, i) => v + (x.data[i]! - at.x[i]!)),
      );
    };
    const smooth = (q: Quantized): Mat => {
      const { rows, cols, label } = q.codes;
      return { dtype: 'f64', rows, cols, label, data: this.linear.get(q.codes.data)! };
    };
    return {
      ...this.inner,
      quantizeWeight: (codes, _scale, w) => follow(w, codes),
      quantizeRows: (codes, _scale, x) => follow(x, codes),
      ternaryMatmul: (out, x, w) => this.inner.matmulTransB(out, smooth(x), smooth(w), 'f32'),
      ternaryMatmulFloat: (out, x, w, precision) => this.inner.matmulTransB(out, x, smooth(w), precision),
    };
  }
}

function scaleAt(scale: Mat, row: number): number {
  return scale.data[scale.rows === 1 ? 0 : row]!;
}
