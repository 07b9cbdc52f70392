import type { Backend } from '../core/backend.ts';
import { EXAMPLE_VOCAB } from '../core/component.ts';
import { FLOAT32 } from '../core/compute.ts';
import { FlashError } from '../core/errors.ts';
import type { Kernels } from '../core/kernels.ts';
import type { Layer, StepContext } from '../core/layer.ts';
import { describeNonFinite } from '../core/ops/finite.ts';
import { ParameterStore } from '../core/parameter-store.ts';
import { Random } from '../core/random.ts';
import { type Ids, type Mat, mat, tensor } from '../core/tensor.ts';
import { stepContext } from '../runtime/context.ts';
import { SequenceState } from '../runtime/sequence-state.ts';
import { Workspace } from '../runtime/workspace.ts';

export interface LayerCaseSize {
  readonly sequences: number;
  readonly seqLen: number;
  /** How much of a run is done, as `PrepareContext` has it. */
  readonly progress?: number;
  /** Of each row the first row of its document (`StepContext.starts`); each sequence is one where it is left out. */
  readonly starts?: readonly number[];
  /** The case's first row among those of the step; 0 where it is left out. */
  readonly firstRow?: number;
}

export interface LayerGradient {
  /** `x`, or the name of a parameter. */
  readonly of: string;
  readonly values: Mat['data'];
  readonly gradient: Mat['data'];
}

/** One layer alone, with memory, random values and a random gradient from above, in the backend's float type. */
export class LayerCase {
  readonly store: ParameterStore;
  readonly x: Mat;
  readonly y: Mat;
  readonly dy: Mat;
  readonly dx: Mat;
  readonly ids: Ids;
  private readonly cache: unknown;
  private readonly seqLen: number;
  private readonly progress: number;
  private readonly state: SequenceState;
  private readonly sequence: Ids;
  private readonly starts: Ids | null;
  private readonly firstRow: number;

  /** `backend` is the one the layer was made for. */
  constructor(
    readonly layer: Layer,
    private readonly backend: Backend,
    { sequences, seqLen, progress = 1, starts, firstRow = 0 }: LayerCaseSize,
  ) {
    this.progress = progress;
    const rows = sequences * seqLen;
    this.seqLen = seqLen;
    this.store = new ParameterStore([...layer.parameters()], backend);
    this.store.initialize(7);
    const random = new Random(7, layer.type);
    // Gains start at 1 and mixes at 0: moved off those points, or a wrong factor there would not show.
    for (const p of this.store.all) {
      if (!('constant' in p.init)) continue;
      for (let i = 0; i < p.size; i++) p.value.data[i]! += 0.3 * random.normal();
    }
    const filled = (label: string, cols: number): Mat => {
      const m = mat(backend.real, rows, cols, label);
      for (let i = 0; i < m.data.length; i++) m.data[i] = random.normal();
      return m;
    };
    this.x = filled('x', layer.inCols);
    this.y = mat(backend.real, rows, layer.outCols, 'y');
    this.dy = filled('dy', layer.outCols);
    this.dx = mat(backend.real, rows, layer.inCols, 'dx');
    this.state = new SequenceState(backend, sequences);
    this.sequence = tensor('i32', sequences, 1, 'sequence');
    this.sequence.data.set(Int32Array.from({ length: sequences }, (_, i) => i));
    this.ids = tensor('i32', rows, 1, 'ids');
    for (let i = 0; i < rows; i++) this.ids.data[i] = Math.floor(EXAMPLE_VOCAB * random.uniform());
    this.starts = starts ? tensor('i32', rows, 1, 'starts') : null;
    this.starts?.data.set(starts!);
    this.firstRow = firstRow;
    const { state } = this;
    this.cache = new Workspace(backend).plan({ training: true, seqLen, state }, (p) => layer.plan(rows, p));
  }

  /** Quantises the weights and runs forward; the sum of `y * dy`, whose gradient backward must give. */
  forward(k: Kernels): number {
    this.leaving('forward', [this.x], () => {
      this.state.clear();
      const { progress } = this;
      this.layer.prepare?.({ kernels: k, gradients: FLOAT32.gradients, progress, watch: undefined });
      this.layer.forward(this.context(k), this.x, this.y, this.cache);
    });
    const [y, dy] = [this.y.data, this.dy.data];
    let sum = 0;
    for (let i = 0; i < y.length; i++) sum += y[i]! * dy[i]!;
    return sum;
  }

  /** The sum of |y * dy| after `forward`: what the terms are large that the loss is the sum of. */
  lossTerms(): number {
    const [y, dy] = [this.y.data, this.dy.data];
    let sum = 0;
    for (let i = 0; i < y.length; i++) sum += Math.abs(y[i]! * dy[i]!);
    return sum;
  }

  /** `backward` of a whole batch, with gradients that begin at 0 and a dx that holds no number. */
  backwardAfresh(k: Kernels, keeps?: Layer['keeps']): void {
    this.store.zeroGrads();
    this.dx.data.fill(Number.NaN);
    this.backward(k, keeps);
    this.store.foldUses(k);
  }

  /** After `forward`. `keeps`: what is still there; what a layer does not keep, others may have overwritten by now. */
  backward(k: Kernels, keeps: Layer['keeps'] = this.layer.keeps): void {
    if (!keeps.output) this.y.data.fill(Number.NaN);
    const x = this.x.data.slice();
    if (!keeps.input) this.x.data.fill(Number.NaN);
    this.leaving('backward', [this.x, this.y, this.dy], () =>
      this.layer.backward(this.context(k), this.x, this.y, this.dy, this.dx, this.cache),
    );
    this.x.data.set(x);
  }

  /** What `backwardAfresh` left: the gradients of x and of each parameter, with the values that they belong to. */
  gradients(): readonly LayerGradient[] {
    const ofX = { of: 'x', values: this.x.data, gradient: this.dx.data.slice() };
    return [
      ofX,
      ...this.store.all.map(({ name, value, grad }) => ({
        of: name,
        values: value.data,
        gradient: grad.data.slice(),
      })),
    ];
  }

  /** `NaN in dx (row 0, column 1)`: the first element that `backward` left without a number. */
  firstHole(): string | undefined {
    for (const { grad } of [{ grad: this.dx }, ...this.store.all]) {
      const found = describeNonFinite(grad, 'in');
      if (found) return found;
    }
    return undefined;
  }

  /** Runs a pass. @throws FlashError when it changes what it may only read: its arguments and the parameters. */
  private leaving(pass: 'forward' | 'backward', args: readonly Mat[], run: () => void): void {
    const readOnly = [...args, ...this.store.all.map(({ value }) => value)];
    const before = readOnly.map(({ data }) => data.slice());
    run();
    const changed = readOnly.find(({ data }, i) => Buffer.compare(bytesOf(data), bytesOf(before[i]!)) !== 0);
    if (!changed) return;
    const { path } = this.layer;
    throw new FlashError(`${pass} of ${path} changed ${changed.label}, which it may only read`);
  }

  private context(k: Kernels): StepContext {
    const { backend, seqLen, state, ids, sequence, starts, firstRow } = this;
    const place = { seqLen, position: state.position, ids, sequence, starts, firstRow };
    return stepContext(backend, place, { kernels: k, training: true });
  }
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Mat['data']): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
