/** Element types that kernels exchange. `f32`/`f64` is the backend's real type, the rest are exact integers. */
export interface Storage {
  f32: Float32Array;
  f64: Float64Array;
  i8: Int8Array;
  i32: Int32Array;
  u8: Uint8Array;
}
export type DType = keyof Storage;
export type Real = 'f32' | 'f64';

/**
 * A plain record: row-major, contiguous, no views with strides, no methods, no tape.
 * `data.length === rows * cols`. The label ("blocks.3.norm/rstd") names the tensor in every error.
 */
export interface Tensor<D extends DType = DType> {
  readonly dtype: D;
  readonly rows: number;
  readonly cols: number;
  readonly data: Storage[D];
  readonly label: string;
  /** Only calls of one deferred region (`Defer`) use its values: its contents are undefined afterwards. */
  readonly transient?: true;
}

/** A matrix of the backend's real type. */
export type Mat = Tensor<'f32'> | Tensor<'f64'>;
export type Ids = Tensor<'i32'>;
export type Codes = Tensor<'i8'>;
export type Bytes = Tensor<'u8'>;

/** The canonical form of anything quantised: `value = scale * code`. One scale for all rows, or one a row. */
export interface Quantized {
  readonly codes: Codes;
  readonly scale: Mat;
}

/**
 * Ternary weights `scale * codes` [out x in], codes in {-1, 0, +1}, one scale (1x1), and where each row has a scale
 * `rowScale` [out x 1] beside it, which multiplies too (`scale` is 1 then). They never travel without their scales. `packed` is the backend's private copy of the codes in the layout its kernels read, made by `packTernary`
 * once per optimiser step.
 */
export interface TernaryWeight extends Quantized {
  readonly rowScale: Mat | null;
  readonly packed: Bytes;
}

/**
 * Targets of the cross-entropy as sparse rows: row i has the entries `offsets[i] .. offsets[i+1]` of `ids`/`weights`.
 * One target a row is one entry of weight 1; a collapsed row holds the counts of all successors of its token.
 * `ids` and `weights` are buffers of capacity Z; entries past `offsets[M]` are not read.
 */
export interface SparseTargets {
  readonly offsets: Ids;
  readonly ids: Ids;
  readonly weights: Mat;
}

export const BYTES: Readonly<Record<DType, number>> = { f32: 4, f64: 8, i8: 1, i32: 4, u8: 1 };

const CONSTRUCTORS = {
  f32: Float32Array,
  f64: Float64Array,
  i8: Int8Array,
  i32: Int32Array,
  u8: Uint8Array,
} as const;

/** A tensor over `memory` (which must hold at least `rows * cols` elements), or over fresh zeroed memory. */
export function tensor<D extends DType>(
  dtype: D,
  rows: number,
  cols: number,
  label: string,
  memory?: Uint8Array,
): Tensor<D> {
  const length = rows * cols;
  const Values = CONSTRUCTORS[dtype];
  const data = memory
    ? new Values(memory.buffer as ArrayBuffer, memory.byteOffset, length)
    : new Values(length);
  return { dtype, rows, cols, data: data as unknown as Storage[D], label };
}

/** `tensor` for the backend's real type. */
export function mat(real: Real, rows: number, cols: number, label: string, memory?: Uint8Array): Mat {
  return tensor(real, rows, cols, label, memory) as Mat;
}

/** Whether two arrays have a byte in common. */
export function sharesMemory(a: Tensor['data'], b: Tensor['data']): boolean {
  return (
    a.buffer === b.buffer &&
    a.byteOffset < b.byteOffset + b.byteLength &&
    b.byteOffset < a.byteOffset + a.byteLength
  );
}
