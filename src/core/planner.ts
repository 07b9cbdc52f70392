import type { Codes, Ids, Mat, Tensor } from './tensor.ts';

/** Hands out the tensors of one block. Everything is asked for once; nothing is allocated while a model runs. */
export interface Planner {
  readonly training: boolean;
  /** Rows of one sequence; a block's rows are whole sequences where any layer mixes rows. */
  readonly seqLen: number;
  /** Rows that a sequence may have in all, over all calls that continue it; in training `seqLen`. */
  readonly context: number;
  /** Lives from forward to backward. */
  saved(label: string, rows: number, cols: number): Mat;
  savedCodes(label: string, rows: number, cols: number): Codes;
  savedIds(label: string, rows: number): Ids;
  /**
   * Lives until `release`; the next scratch of the same size may then get the same memory, nothing else ever does. A container
   * asks for all of its scratch before it plans the layers inside, since what they release may be handed out again.
   */
  scratch(label: string, rows: number, cols: number): Mat;
  release(t: Tensor): void;
  /** Values that depend on their label alone, written once by `fill`: all layers that ask for the label share them. */
  constant(label: string, rows: number, cols: number, fill: (data: Mat['data']) => void): Mat;
  /** Plans the layers of a deferred region: scratch that they ask for is `transient`. */
  deferred<T>(plan: () => T): T;
  /**
   * What each sequence carries from call to call: [sequences * rowsPerSequence x cols], sequence after sequence. It is zero
   * where a sequence begins; the runner sees to that, a layer never fills it by hand.
   */
  state(label: string, rowsPerSequence: number, cols: number): Mat;
}

/** What one plan asked for: `saved` from forward to backward, `scratch` for the length of one call. */
export interface Requests {
  readonly saved: readonly Tensor[];
  readonly scratch: readonly Tensor[];
}
