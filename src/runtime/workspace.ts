import { allocate, type Backend } from '../core/backend.ts';
import { BYTES, type Codes, type DType, type Mat, type Tensor, tensor } from '../core/tensor.ts';

/** Hands out the tensors of one plan. Everything is asked for once; nothing is allocated while a model runs. */
export interface Planner {
  readonly training: boolean;
  /** Rows of one sequence; a plan's rows are whole sequences where any layer mixes rows. */
  readonly seqLen: number;
  /** Lives from forward to backward. */
  saved(label: string, rows: number, cols: number): Mat;
  savedCodes(label: string, rows: number, cols: number): Codes;
  /** Lives until `release`; the next scratch of the same size may then get the same memory, nothing else ever does. */
  scratch(label: string, rows: number, cols: number): Mat;
  release(t: Tensor): void;
  /** Plans the layers of a deferred region: scratch that they ask for is `transient`. */
  deferred<T>(plan: () => T): T;
  /** Keeps its contents from call to call: what a sequence layer carries. */
  state(label: string, rows: number, cols: number): Mat;
}

/** What one plan asked for: `saved` from forward to backward, `scratch` for the length of one call. */
export interface Requests {
  readonly saved: readonly Tensor[];
  readonly scratch: readonly Tensor[];
}

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

  saved(label: string, rows: number, cols: number): Mat {
    return this.note(this.inner.saved(label, rows, cols));
  }

  savedCodes(label: string, rows: number, cols: number): Codes {
    return this.note(this.inner.savedCodes(label, rows, cols));
  }

  scratch(label: string, rows: number, cols: number): Mat {
    return this.inner.scratch(label, rows, cols);
  }

  release(t: Tensor): void {
    this.requests.scratch.push(t);
    this.inner.release(t);
  }

  deferred<T>(plan: () => T): T {
    return this.inner.deferred(plan);
  }

  state(label: string, rows: number, cols: number): Mat {
    return this.inner.state(label, rows, cols);
  }

  private note<T extends Tensor>(t: T): T {
    this.requests.saved.push(t);
    return t;
  }
}

interface Slot {
  readonly memory: Uint8Array;
  free: boolean;
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

  constructor(private readonly backend: Backend) {}

  /** Runs `build` with a planner. The first call must be the one for the largest number of rows. */
  plan<T>(training: boolean, seqLen: number, build: (p: Planner) => T): T {
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
      const plain = tensor(dtype, rows, cols, label, this.slots[index]!.memory);
      const t = shared && depth > 0 ? { ...plain, transient: true as const } : plain;
      owner.set(t as Tensor, index);
      return t;
    };
    const { real } = this.backend;
    const planner: Planner = {
      training,
      seqLen,
      saved: (label, rows, cols) => take(real, label, rows, cols) as Mat,
      savedCodes: (label, rows, cols) => take('i8', label, rows, cols),
      scratch: (label, rows, cols) => take(real, label, rows, cols, true) as Mat,
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
      state: (label, rows, cols) => take(real, label, rows, cols) as Mat,
    };
    const result = build(planner);
    this.planned = true;
    return result;
  }

  /** Bytes of all activations. */
  get bytes(): number {
    return this.slots.reduce((sum, slot) => sum + slot.memory.length, 0);
  }

  private findFree(bytes: number): number | undefined {
    const index = this.slots.findIndex((slot) => slot.free && slot.memory.length === bytes);
    if (index < 0) return undefined;
    this.slots[index]!.free = false;
    return index;
  }

  private add(bytes: number, label: string): number {
    return this.slots.push({ memory: allocate(this.backend, bytes, label), free: false }) - 1;
  }
}
