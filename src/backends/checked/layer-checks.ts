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

/** What `checked` asks of every layer, also of one that works without kernels, in its own loops. */
export class LayerChecks implements LayerWatch {
  private readonly saved: SavedTensors;
  /** Checksums of what the layer at work must not change, and its call. */
  private readonly given = new Map<Tensor['data'], { readonly sum: number; readonly call: LayerCall }>();
  /** NaN in the place of activations that are not kept, one for each shape. */
  private readonly unusable = new Map<string, Mat>();

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

  /** Before a call of a kernel that reads `t`: what the layer did to it by then is not the kernel's doing. */
  verifyGiven(t: Tensor, sum: number): void {
    const given = this.given.get(t.data);
    if (given && given.sum !== sum) this.refuseChange(given.call, t);
  }

  /** After a call of a kernel. */
  noteWrites(op: OpName, written: readonly Tensor[]): void {
    for (const t of written) this.saved.noteWrite(t, `${op} (${this.position.describe()})`);
  }

  around(call: LayerCall, run: () => void): void {
    this.position.around(call, () => {
      for (const t of call.requests.scratch) poison(t);
      if (call.container) run();
      else this.aroundLeaf(call, run);
      // A container after the layers inside it, which know better what was lost.
      if (call.pass === 'backward' && call.container) this.verify(call);
      if (call.pass === 'forward' && call.training && call.container) this.saved.seal(call);
    });
  }

  /** A container's own results are those of the layers and kernels in it, which are looked at already. */
  private aroundLeaf(call: LayerCall, run: () => void): void {
    if (call.pass === 'backward') this.verify(call);
    for (const t of call.writes) poison(t);
    const before = new Map(readOnly(call).map((t) => [t.data, digest(t, this.backend.inspector)]));
    for (const [data, sum] of before) this.given.set(data, { sum, call });
    try {
      run();
    } finally {
      for (const data of before.keys()) this.given.delete(data);
    }
    for (const t of readOnly(call))
      if (digest(t, this.backend.inspector) !== before.get(t.data)) this.refuseChange(call, t);
    if (call.pass === 'forward' && call.training) this.saved.seal(call, before);
    for (const t of call.writes) this.refuseHole(call, t);
  }

  unkept({ dtype, rows, cols, label }: Mat): Mat {
    const key = `${dtype} ${rows} ${cols}`;
    const nan = this.unusable.get(key) ?? mat(dtype, rows, cols, '');
    this.unusable.set(key, nan);
    // Anew each time: whoever writes into it instead of reading it must not make it readable.
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

/** What a call must leave as it is. Forward may be given a y that is kept for backward: it writes that one. */
function readOnly({ pass, reads, kept, parameters }: LayerCall): Tensor[] {
  return [...reads, ...(pass === 'backward' ? kept : []), ...Array.from(parameters(), (p) => p.value)];
}
