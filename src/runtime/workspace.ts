import { allocate } from '../core/allocate.ts';
import type { Backend } from '../core/backend.ts';
import type { Planner } from '../core/planner.ts';
import { BYTES, type Codes, type DType, type Ids, type Mat, type Tensor, tensor } from '../core/tensor.ts';
import type { SequenceState } from './sequence-state.ts';

/** A planner that notes what is asked for. Scratch counts once it is released: until then it is its layer's own. */
export class RecordingPlanner implements Planner {
  readonly requests: { readonly saved: Tensor[]; readonly scratch: Tensor[] } = { saved: [], scratch: [] };

  constructor(readonly inner: Planner) {}

  get training(): boolean {
    return this.inner.training;
  }

  get seqLen(): number {
    return this.inner.seqLen;
  }

  get context(): number {
    return this.inner.context;
  }

  saved(label: string, rows: number, cols: number): Mat {
    return this.note(this.inner.saved(label, rows, cols));
  }

  savedCodes(label: string, rows: number, cols: number): Codes {
    return this.note(this.inner.savedCodes(label, rows, cols));
  }

  savedIds(label: string, rows: number): Ids {
    return this.note(this.inner.savedIds(label, rows));
  }

  scratch(label: string, rows: number, cols: number): Mat {
    return this.inner.scratch(label, rows, cols);
  }

  constant(...args: Parameters<Planner['constant']>): Mat {
    return this.inner.constant(...args);
  }

  release(t: Tensor): void {
    this.requests.scratch.push(t);
    this.inner.release(t);
  }

  deferred<T>(plan: () => T): T {
    return this.inner.deferred(plan);
  }

  state(label: string, rowsPerSequence: number, cols: number): Mat {
    return this.inner.state(label, rowsPerSequence, cols);
  }

  private note<T extends Tensor>(t: T): T {
    this.requests.saved.push(t);
    return t;
  }
}

export interface PlanOptions {
  readonly training: boolean;
  readonly seqLen: number;
  /** Rows that a sequence may have over all calls; `seqLen` where it is left out. */
  readonly context?: number;
  /** Of the sequences of the plan's rows. */
  readonly state: Pick<SequenceState, 'request'>;
}

interface Slot {
  readonly bytes: number;
  /** Null where memory is only counted. */
  readonly memory: Uint8Array | null;
  free: boolean;
  /** All that it is for is transient. */
  isTransient: boolean;
}

/**
 * The memory of a model's activations. The first plan, made for the largest number of rows, decides which request gets
 * which piece of memory; a later plan for fewer rows replays the same requests on the same memory, so that the ragged
 * last block of a batch costs a few records and no memory.
 */
export class Workspace {
  private readonly slots: Slot[] = [];
  /** Slot of the i-th request of a plan. */
  private readonly order: number[] = [];
  private planned = false;
  private readonly constants = new Map<string, Mat>();

  /** With `counts` nothing is allocated, and tensors have no data: what a model would need is counted by the same rules. */
  constructor(
    private readonly backend: Pick<Backend, 'allocate' | 'real'>,
    private readonly counts = false,
  ) {}

  /** Runs `build` with a planner. The first call must be the one for the largest number of rows. */
  plan<T>({ training, seqLen, context = seqLen, state }: PlanOptions, build: (p: Planner) => T): T {
    let request = 0;
    let depth = 0;
    const owner = new Map<Tensor, number>();
    const take = <D extends DType>(
      dtype: D,
      label: string,
      rows: number,
      cols: number,
      shared = false,
    ): Tensor<D> => {
      const bytes = rows * cols * BYTES[dtype];
      if (!this.planned)
        this.order.push((shared ? this.findFree(bytes) : undefined) ?? this.add(bytes, label));
      const index = this.order[request++]!;
      const slot = this.slots[index]!;
      const isTransient = shared && depth > 0;
      if (!isTransient) slot.isTransient = false;
      const { memory } = slot;
      const plain = memory
        ? tensor(dtype, rows, cols, label, memory)
        : { ...tensor(dtype, 0, 0, label), rows, cols };
      const t = isTransient ? { ...plain, transient: true as const } : plain;
      owner.set(t as Tensor, index);
      return t;
    };
    const { real } = this.backend;
    const planner: Planner = {
      training,
      seqLen,
      context,
      saved: (label, rows, cols) => take(real, label, rows, cols) as Mat,
      savedCodes: (label, rows, cols) => take('i8', label, rows, cols),
      savedIds: (label, rows) => take('i32', label, rows, 1),
      scratch: (label, rows, cols) => take(real, label, rows, cols, true) as Mat,
      constant: (label, rows, cols, fill) => {
        const made = this.constants.get(label) ?? this.constant(label, rows, cols, fill);
        this.constants.set(label, made);
        return made;
      },
      deferred: (plan) => {
        depth++;
        try {
          return plan();
        } finally {
          depth--;
        }
      },
      release: (t) => {
        if (!this.planned) this.slots[owner.get(t)!]!.free = true;
      },
      state: (label, rowsPerSequence, cols) => state.request(label, rowsPerSequence, cols),
    };
    const result = build(planner);
    this.planned = true;
    return result;
  }

  /** Bytes of all activations, and of constants. */
  get bytes(): number {
    const constants = [...this.constants.values()];
    return (
      this.slots.reduce((sum, slot) => sum + slot.bytes, 0) +
      constants.reduce((sum, { dtype, rows, cols }) => sum + rows * cols * BYTES[dtype], 0)
    );
  }

  /** Bytes of memory for what is transient alone: deferred regions that go through tiles never write it. */
  get transientBytes(): number {
    return this.slots.reduce((sum, slot) => sum + (slot.isTransient ? slot.bytes : 0), 0);
  }

  /** Bytes of the largest array among them. */
  get largest(): number {
    return this.slots.reduce((most, slot) => Math.max(most, slot.bytes), 0);
  }

  private constant(label: string, rows: number, cols: number, fill: (data: Mat['data']) => void): Mat {
    const { real } = this.backend;
    if (this.counts) return { ...tensor(real, 0, 0, label), rows, cols } as Mat;
    const memory = allocate(this.backend, rows * cols * BYTES[real], label);
    const made = tensor(real, rows, cols, label, memory) as Mat;
    fill(made.data);
    return made;
  }

  private findFree(bytes: number): number | undefined {
    const index = this.slots.findIndex((slot) => slot.free && slot.bytes === bytes);
    if (index < 0) return undefined;
    this.slots[index]!.free = false;
    return index;
  }

  private add(bytes: number, label: string): number {
    const memory = this.counts ? null : allocate(this.backend, bytes, label);
    return this.slots.push({ bytes, memory, free: false, isTransient: true }) - 1;
  }
}
