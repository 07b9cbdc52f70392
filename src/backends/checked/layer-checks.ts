import type { Backend } from '../../core/backend.ts';
import { FlashError } from '../../core/errors.ts';
import type { OpName } from '../../core/kernels.ts';
import { findNonFinite, placeOf } from '../../core/ops/finite.ts';
import { type Mat, mat, type Tensor } from '../../core/tensor.ts';
import type { LayerCall, LayerWatch } from '../../core/watch.ts';
import type { LayerPosition } from '../layer-position.ts';
import { digest } from './digest.ts';
import { poison } from './poison.ts';
import { SavedTensors } from './saved-tensors.ts';

/** The checks around every layer, including layers that compute in their own loops instead of kernels. */
export class LayerChecks implements LayerWatch {
  private readonly saved: SavedTensors;
  /** Checksums of what the running layer must not change, and the layer's call. */
  private readonly readOnlySums = new Map<
    Tensor['data'],
    { readonly sum: number; readonly call: LayerCall }
  >();
  /** NaN matrices that replace activations that are not kept, by shape. */
  private readonly notKept = new Map<string, Mat>();

  constructor(
    private readonly backend: Pick<Backend, 'inspector'>,
    private readonly position: LayerPosition,
  ) {
    this.saved = new SavedTensors((tensor) => digest(tensor, backend.inspector));
  }

  beginStep(step: number): void {
    this.position.beginStep(step);
  }

  endStep(): void {
    this.position.endStep();
  }

  /** Before a kernel reads `t`: reports a change that the layer itself made, so that the kernel is not blamed. */
  verifyReadOnly(t: Tensor, sum: number): void {
    const entry = this.readOnlySums.get(t.data);
    if (entry && entry.sum !== sum) this.refuseChange(entry.call, t);
  }

  /** After a kernel call. */
  noteWrites(op: OpName, written: readonly Tensor[]): void {
    for (const t of written) this.saved.noteWrite(t, `${op} (${this.position.describe()})`);
  }

  around(call: LayerCall, run: () => void): void {
    this.position.around(call, () => {
      for (const t of call.requests.scratch) poison(t);
      if (call.container) run();
      else this.aroundLeaf(call, run);
      // A container last: an error of a layer inside it is more precise.
      if (call.pass === 'backward' && call.container) this.verify(call);
      if (call.pass === 'forward' && call.training && call.container) this.saved.seal(call);
    });
  }

  /** Not for containers: their results come from layers and kernels inside them, which are checked already. */
  private aroundLeaf(call: LayerCall, run: () => void): void {
    if (call.pass === 'backward') this.verify(call);
    for (const t of call.writes) poison(t);
    const before = new Map(readOnlyTensors(call).map((t) => [t.data, digest(t, this.backend.inspector)]));
    for (const [data, sum] of before) this.readOnlySums.set(data, { sum, call });
    try {
      run();
    } finally {
      for (const data of before.keys()) this.readOnlySums.delete(data);
    }
    for (const t of readOnlyTensors(call))
      if (digest(t, this.backend.inspector) !== before.get(t.data)) this.refuseChange(call, t);
    if (call.pass === 'forward' && call.training) this.saved.seal(call, before);
    for (const t of call.writes) this.refuseHole(call, t);
  }

  unkept({ dtype, rows, cols, label }: Mat): Mat {
    const key = `${dtype} ${rows} ${cols}`;
    const nan = this.notKept.get(key) ?? mat(dtype, rows, cols, '');
    this.notKept.set(key, nan);
    // Poison it every time, because a faulty layer may have written into it.
    poison(nan);
    return { ...nan, label: `${label} (not kept)` } as Mat;
  }

  private verify(call: LayerCall): void {
    try {
      this.saved.verify(call);
    } catch (error) {
      throw this.position.locate(error);
    }
  }

  private refuseChange({ path, pass }: LayerCall, { label }: Tensor): never {
    throw this.position.locate(new FlashError(`${pass} of ${path} changed ${label}, which it may only read`));
  }

  private refuseHole({ path, pass }: LayerCall, t: Mat): void {
    const index = findNonFinite(t, this.backend.inspector);
    if (index < 0) return;
    const what = `${pass} of ${path} left ${t.data[index]} in ${t.label} (${placeOf(t, index)})`;
    const remedy =
      pass === 'backward'
        ? 'Write all of it. An x or y that `keeps` of the layer does not name holds NaN in backward.'
        : undefined;
    throw this.position.locate(new FlashError(what, { remedy }));
  }
}

/** What a call must not change. `kept` counts only in backward: forward writes the y that is kept. */
function readOnlyTensors({ pass, reads, kept, parameters }: LayerCall): Tensor[] {
  return [...reads, ...(pass === 'backward' ? kept : []), ...Array.from(parameters(), (p) => p.value)];
}
