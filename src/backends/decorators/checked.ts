import type { Decorator } from '../../core/backend.ts';
import { checkCall } from '../../core/check-call.ts';
import { FlashError } from '../../core/errors.ts';
import { formatBytes } from '../../core/files.ts';
import type { OpName } from '../../core/kernels.ts';
import { type FlatArg, flatArgs, flatValues, OP_NAMES } from '../../core/ops.ts';
import { type Mat, mat, type Tensor } from '../../core/tensor.ts';
import type { LayerCall, LayerWatch } from '../../core/watch.ts';
import { digest } from './digest.ts';
import { Edges } from './edges.ts';
import { findNonFinite, placeOf } from './finite.ts';
import { GuardedMemory } from './guarded-memory.ts';
import { LayerPosition } from './layer-position.ts';
import { poison } from './poison.ts';
import { SavedTensors } from './saved-tensors.ts';
import { wrapBackend } from './wrap.ts';

const ARGS = Object.fromEntries(OP_NAMES.map((op) => [op, flatArgs(op)])) as Record<OpName, FlatArg[]>;

/**
 * A backend that trusts nobody. Of every kernel call: arguments against the op table (types, shapes, index ranges,
 * shared memory), inputs that come back changed, outputs not written in full, NaN and infinity, bytes written outside
 * all tensors. Of every layer: what forward saved is still there in backward, what it did not keep is NaN by then, as is
 * scratch memory when a call begins. The first thing wrong stops with op, layer, tensor and element.
 */
export const checked: Decorator = (inner) => {
  const position = new LayerPosition();
  const memory = new GuardedMemory(inner);
  const saved = new SavedTensors();
  const located = <T>(check: () => T): T => {
    try {
      return check();
    } catch (error) {
      throw position.locate(error);
    }
  };
  return wrapBackend(
    'checked',
    inner,
    (op, values, call) => {
      located(() => checkCall(op, values, inner.real));
      const flat = flatValues(op, values);
      const written = ARGS[op].flatMap((arg, i) =>
        arg.kind === 'tensor' && arg.role !== 'in' && flat[i] !== null ? [flat[i] as Tensor] : [],
      );
      const inputs = poisonOutputs(op, flat);
      const edges = new Edges(written);
      const result = call();
      located(() => {
        refuseBreach(op, edges, memory);
        refuseChanged(op, inputs);
        refuseUnwritten(op, flat, result);
      });
      for (const t of written) saved.noteWrite(t, `${op} (${position.describe()})`);
      return result;
    },
    { allocate: (bytes) => memory.allocate(bytes), watch: watchLayers(position, saved, located) },
  );
};

interface Input {
  readonly name: string;
  readonly tensor: Tensor;
  readonly digest: number;
}

/** Fills the outputs with what no kernel leaves behind, and takes checksums of the inputs. */
function poisonOutputs(op: OpName, flat: readonly unknown[]): Input[] {
  const inputs: Input[] = [];
  ARGS[op].forEach((arg, i) => {
    const t = flat[i] as Tensor | null;
    if (arg.kind !== 'tensor' || t === null) return;
    const partners = ARGS[op].flatMap((other, j) =>
      other.kind === 'tensor' && (arg.mayAlias?.includes(other.name) || other.mayAlias?.includes(arg.name))
        ? [flat[j] as Tensor]
        : [],
    );
    // In place: it is input and output at once.
    if (
      partners.some(
        (partner) => partner.data.buffer === t.data.buffer && partner.data.byteOffset === t.data.byteOffset,
      )
    )
      return;
    if (arg.role === 'in') inputs.push({ name: arg.name, tensor: t, digest: digest(t) });
    else if (arg.role === 'out') poison(t);
  });
  return inputs;
}

function refuseBreach(op: OpName, edges: Edges, memory: GuardedMemory): void {
  const breach = edges.breach();
  // Both looked at: the guards are mended by looking, or the next call would be blamed.
  const wild = memory.takeBreach();
  if (breach) throw new FlashError(`${op} wrote outside ${breach.tensor.label}: ${breach.side}`);
  if (wild) {
    const { byteLength } = wild.memory;
    throw new FlashError(
      `${op} wrote outside all tensors, ${wild.side} of memory of ${formatBytes(byteLength)}`,
    );
  }
}

function refuseChanged(op: OpName, inputs: readonly Input[]): void {
  const changed = inputs.find(({ tensor, digest: before }) => digest(tensor) !== before);
  if (changed) throw new FlashError(`${op} changed its input '${changed.name}' (${changed.tensor.label})`);
}

function refuseUnwritten(op: OpName, flat: readonly unknown[], result: unknown): void {
  ARGS[op].forEach((arg, i) => {
    const t = flat[i] as Tensor | null;
    if (arg.kind !== 'tensor' || arg.role === 'in' || arg.dtype !== 'real' || t === null) return;
    const index = findNonFinite(t);
    if (index < 0) return;
    const wrote =
      Number.isNaN(t.data[index]) && arg.role === 'out' ? 'wrote NaN or nothing' : `wrote ${t.data[index]}`;
    throw new FlashError(`${op} ${wrote} into ${t.label} (${placeOf(t, index)})`);
  });
  if (typeof result === 'number' && !Number.isFinite(result))
    throw new FlashError(`${op} returned ${result}`);
}

function watchLayers(
  position: LayerPosition,
  saved: SavedTensors,
  located: <T>(check: () => T) => T,
): LayerWatch {
  const unusable = new Map<string, Mat>();
  return {
    beginStep: (step) => position.beginStep(step),
    around: (call, run) =>
      position.around(call, () => {
        // A container after the layers inside it, which know better what was lost.
        if (call.pass === 'backward' && !call.container) located(() => saved.verify(call));
        for (const t of call.requests.scratch) poison(t);
        for (const t of call.writes) poison(t);
        run();
        if (call.pass === 'backward' && call.container) located(() => saved.verify(call));
        located(() => {
          for (const t of call.writes) refuseHole(call, t);
        });
        if (call.pass === 'forward' && call.training) saved.seal(call);
      }),
    unkept: ({ dtype, rows, cols, label }) => {
      const key = `${dtype} ${rows} ${cols}`;
      const nan = unusable.get(key) ?? mat(dtype, rows, cols, '');
      unusable.set(key, nan);
      // Anew each time: whoever writes into it instead of reading it must not make it readable.
      poison(nan);
      return { ...nan, label: `${label} (not kept)` } as Mat;
    },
  };
}

/** A layer that works without kernels, in loops of its own, is held to the same. */
function refuseHole({ path, pass }: LayerCall, t: Mat): void {
  const index = findNonFinite(t);
  if (index < 0) return;
  throw new FlashError(`${pass} of ${path} left ${t.data[index]} in ${t.label} (${placeOf(t, index)})`);
}
