import { allocateMat, allocateTensor } from '../core/allocate.ts';
import type { Backend } from '../core/backend.ts';
import type { Ids, Mat } from '../core/tensor.ts';

/** A copy of what one sequence carries: its position, and the rows of each layer. */
export interface SavedSequence {
  readonly position: number;
  readonly rows: ReadonlyMap<string, Float32Array | Float64Array>;
}

/**
 * What the sequence layers of a model carry from call to call, for a number of sequences side by side. Blocks with as many
 * sequences share it, however long their sequences are: a prompt is read in one call, and the text continues row by row.
 */
export class SequenceState {
  /** Rows of each sequence that came before [sequences x 1]. */
  readonly position: Ids;
  private readonly tensors = new Map<string, Mat>();

  constructor(
    private readonly backend: Backend,
    readonly sequences: number,
  ) {
    this.position = allocateTensor(backend, 'i32', sequences, 1, 'position');
  }

  /** The memory that belongs to a label, made at its first request. */
  request(label: string, rowsPerSequence: number, cols: number): Mat {
    const made = this.tensors.get(label);
    if (made) return made;
    const t = allocateMat(this.backend, this.sequences * rowsPerSequence, cols, label);
    this.tensors.set(label, t);
    return t;
  }

  get bytes(): number {
    let bytes = this.position.data.byteLength;
    for (const { data } of this.tensors.values()) bytes += data.byteLength;
    return bytes;
  }

  /** All sequences begin again. */
  clear(): void {
    this.position.data.fill(0);
    for (const { data } of this.tensors.values()) data.fill(0);
  }

  /** One sequence begins again, while the others go on. */
  clearOne(sequence: number): void {
    this.position.data[sequence] = 0;
    for (const t of this.tensors.values()) this.part(t, sequence).fill(0);
  }

  /** Adds rows to the position of every sequence. */
  advance(rows: number): void {
    const { data } = this.position;
    for (let i = 0; i < data.length; i++) data[i]! += rows;
  }

  save(sequence: number): SavedSequence {
    const rows = new Map([...this.tensors].map(([label, t]) => [label, this.part(t, sequence).slice()]));
    return { position: this.position.data[sequence]!, rows };
  }

  /** Continues a sequence that was saved from the same model. */
  restore(sequence: number, { position, rows }: SavedSequence): void {
    this.position.data[sequence] = position;
    for (const [label, t] of this.tensors) this.part(t, sequence).set(rows.get(label)!);
  }

  private part({ data }: Mat, sequence: number): Float32Array | Float64Array {
    const length = data.length / this.sequences;
    return data.subarray(sequence * length, (sequence + 1) * length);
  }
}
