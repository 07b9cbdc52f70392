import type { Kernels } from './kernels.ts';
import type { Mat, TernaryWeight } from './tensor.ts';

/** What a parameter is, one thing a flag. What is left out does not hold. */
export interface ParameterTraits {
  /** Weight decay applies: pulling a gain towards zero would change what it means. */
  readonly decay?: boolean;
  /** Rows of activations are multiplied by it: gradients are products too, and Muon may orthogonalise its updates. */
  readonly matrix?: boolean;
  /** The model computes with ternary codes of it; the float values are what the optimiser updates. */
  readonly quantised?: boolean;
  /** Of a quantised one: each row of its codes has a scale. */
  readonly rowScales?: boolean;
  /** Of a quantised one: float products read its ternary values as a matrix. */
  readonly dense?: boolean;
  /** Rows of it are looked up. */
  readonly table?: 'embedding';
  /** Rows of each matrix that a fused matrix is made of, from the first row on (`[q, k, v]`); by default all are one. */
  readonly parts?: readonly number[];
}

/** First values: normal with mean 0 and this standard deviation, all equal, or made from numbers drawn evenly from [0, 1). */
export type Init =
  | { readonly normal: number }
  | { readonly constant: number }
  | { readonly draw: (u: number) => number };

/** One more place that uses a parameter, with separate gradients. */
export class ParameterUse {
  grad!: Mat;

  /** `fold`: what becomes of the gradients at the end of a batch; without it they are added to the parameter's. */
  constructor(readonly fold?: (kernels: Kernels) => void) {}
}

/** One learned matrix. `value` and `grad` are slices of the store's flat arrays, set when the store is allocated. */
export class Parameter {
  value!: Mat;
  grad!: Mat;
  /** Of a quantised parameter what its layer's `prepare` makes of the value, set with it. */
  ternary!: TernaryWeight;
  /** With the trait `dense`: what its layer's `prepare` makes of the value for float products, set with it. */
  dense!: Mat;
  /** Uses beside the layer that owns the parameter. */
  readonly uses: ParameterUse[] = [];
  readonly decay: boolean;
  readonly matrix: boolean;
  readonly quantised: boolean;
  readonly rowScales: boolean;
  readonly isDense: boolean;
  readonly table: ParameterTraits['table'] | null;
  readonly parts: readonly number[];

  constructor(
    readonly name: string,
    readonly rows: number,
    readonly cols: number,
    readonly init: Init,
    traits: ParameterTraits = {},
  ) {
    const { decay = false, matrix = false, quantised = false, table = null, parts = [rows] } = traits;
    this.rowScales = traits.rowScales ?? false;
    this.isDense = traits.dense ?? false;
    this.decay = decay;
    this.matrix = matrix;
    this.quantised = quantised;
    this.table = table;
    this.parts = parts;
  }

  get size(): number {
    return this.rows * this.cols;
  }

  /** Its shape in files: one row that is neither a matrix nor a table is a vector there, as in other frameworks. */
  get shape(): readonly number[] {
    return this.rows > 1 || this.matrix || this.table ? [this.rows, this.cols] : [this.cols];
  }

  /**
   * For a second layer that shares the parameter. Its gradients are summed by themselves and added at the end of a
   * batch: were both added into one array block by block, the order of the sums, hence their bits, would depend on the
   * size of the blocks.
   */
  share(fold?: ParameterUse['fold']): ParameterUse {
    const use = new ParameterUse(fold);
    this.uses.push(use);
    return use;
  }
}

/** Where parameters lie in a flat array that has a value for each of theirs. */
export class FlatLayout {
  /** Of the flat array. */
  readonly length: number;
  private readonly starts = new Map<Parameter, number>();

  constructor(parameters: readonly Parameter[]) {
    let length = 0;
    for (const p of parameters) {
      this.starts.set(p, length);
      // Each parameter begins on a cache line, so that no two threads write one line and vector loads do not split.
      length += Math.ceil(p.size / 16) * 16;
    }
    this.length = length;
  }

  /** The part of `flat` that belongs to `p`, in its shape. */
  slice(flat: Mat, p: Parameter, label: string): Mat {
    return sliceOf(flat, this.starts.get(p)!, p.rows, p.cols, label);
  }
}

/** A matrix that is some of the memory of another, from element `start` on. */
export function sliceOf(flat: Mat, start: number, rows: number, cols: number, label: string): Mat {
  return { ...flat, rows, cols, data: flat.data.subarray(start, start + rows * cols), label } as Mat;
}
