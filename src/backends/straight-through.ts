import type { Kernels } from '../core/kernels.ts';
import type { Codes, Mat, Quantized } from '../core/tensor.ts';

/** What one quantiser saw at the point where gradients are taken. */
interface Linearisation {
  readonly x: Float64Array;
  /** scale * codes */
  readonly value: Float64Array;
  /** Its derivative by each x; 1 where nothing is said. */
  readonly slope?: Float64Array;
  /** Of learned scales: what they were, and the gradient's direction by the one of each x. */
  readonly scales?: { readonly at: Float64Array; readonly slope: Float64Array };
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
    const note = (x: Mat, codes: Codes, scale: Mat, learned?: Mat): void => {
      const scaleOf = (i: number) => scaleAt(scale, Math.floor(i / codes.cols));
      this.base.push({
        x: Float64Array.from(x.data),
        value: Float64Array.from(codes.data, (c, i) => c * scaleOf(i)),
        ...(learned && learnedSlopes(x, codes, learned, scaleOf)),
      });
    };
    return {
      ...this.inner,
      quantizeWeight: (codes, scale, w, rule) => {
        this.inner.quantizeWeight(codes, scale, w, rule);
        this.rules.add(rule);
        note(w, codes, scale);
      },
      quantizeWeightRows: (codes, rowScale, w, rule) => {
        this.inner.quantizeWeightRows(codes, rowScale, w, rule);
        this.rules.add(rule);
        note(w, codes, rowScale);
      },
      quantizeWeightBy: (codes, scale, w, learned) => {
        this.inner.quantizeWeightBy(codes, scale, w, learned);
        this.rules.add('learned');
        note(w, codes, scale, learned);
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
    const follow = (x: Mat, codes: Codes, learned?: Mat): void => {
      const at = this.base[this.call++];
      if (!at || at.x.length !== x.data.length)
        throw new Error('a pass quantised something else than the recorded one');
      this.linear.set(
        codes.data,
        at.value.map((v, i) => {
          const moved = (at.slope?.[i] ?? 1) * (x.data[i]! - at.x[i]!);
          if (!learned || !at.scales) return v + moved;
          const group = Math.floor((i * learned.rows) / at.value.length);
          return v + moved + at.scales.slope[i]! * (learned.data[group]! - at.scales.at[group]!);
        }),
      );
    };
    const smooth = (q: Quantized): Mat => {
      const { rows, cols, label } = q.codes;
      return { dtype: 'f64', rows, cols, label, data: this.linear.get(q.codes.data)! };
    };
    return {
      ...this.inner,
      quantizeWeight: (codes, _scale, w) => follow(w, codes),
      quantizeWeightRows: (codes, _rowScale, w) => follow(w, codes),
      quantizeWeightBy: (codes, _scale, w, learned) => follow(w, codes, learned),
      quantizeRows: (codes, _scale, x) => follow(x, codes),
      dequantizeRows: (out, x) => out.data.set(smooth(x).data as Float64Array),
      blendTernary: (out, w, master, share) => {
        const value = smooth(w).data;
        for (let i = 0; i < value.length; i++) {
          out.data[i] = master ? (1 - share) * master.data[i]! + share * value[i]! : value[i]!;
        }
      },
      ternaryMatmul: (out, x, w) => this.inner.matmulTransB(out, smooth(x), smooth(w), 'f32'),
      ternaryMatmulFloat: (out, x, w, precision) => this.inner.matmulTransB(out, x, smooth(w), precision),
    };
  }
}

function scaleAt(scale: Mat, row: number): number {
  return scale.data[scale.rows === 1 ? 0 : row]!;
}

/**
 * LSQ's gradients, not those of `round`: weights within the outer codes have slope 1, others 0; a scale moves a value by
 * the code less w/scale or the outer code, over the root of how many weights share the scale.
 */
function learnedSlopes(
  w: Mat,
  codes: Codes,
  learned: Mat,
  scaleOf: (i: number) => number,
): Pick<Linearisation, 'slope' | 'scales'> {
  const factor = Math.sqrt(learned.rows / w.data.length);
  const isInside = (i: number) => Math.abs(w.data[i]!) < scaleOf(i);
  const elements = { length: w.data.length };
  return {
    slope: Float64Array.from(elements, (_, i) => Number(isInside(i))),
    scales: {
      at: Float64Array.from(learned.data),
      slope: Float64Array.from(
        elements,
        (_, i) => factor * (codes.data[i]! - (isInside(i) ? w.data[i]! / scaleOf(i) : 0)),
      ),
    },
  };
}
