import type { Layer } from '../../src/core/layer.ts';
import { mat } from '../../src/core/tensor.ts';
import { Blocks } from '../../src/runtime/blocks.ts';
import type { Model } from '../../src/runtime/model.ts';
import type { Rows } from '../../src/runtime/rows.ts';

/** Rows of token ids without targets. */
export const rowsOf = (ids: Int32Array): Rows => ({
  count: ids.length,
  ids,
  offsets: new Int32Array(ids.length + 1),
  targetIds: new Int32Array(0),
  weights: new Int32Array(0),
});

/** Logits after each token of one sequence, computed in calls of these lengths. The model must be prepared. */
export function inPieces(model: Model, ids: Int32Array, lengths: readonly number[]): Float64Array[] {
  const rows = Math.max(...lengths);
  const context = ids.length;
  const blocks = new Blocks(model, { rows, seqLen: rows, context, training: false, targetCapacity: 1 });
  let start = 0;
  return lengths.flatMap((length) => {
    const block = blocks.block(length, length);
    const logits = mat(model.backend.real, length, model.vocab, 'logits');
    const pass = { continues: start > 0 };
    block.load(rowsOf(ids.subarray(start, start + length)));
    block.forward(pass);
    block.logits(logits, pass);
    start += length;
    return Array.from({ length }, (_, i) =>
      Float64Array.from(logits.data.subarray(i * model.vocab, (i + 1) * model.vocab)),
    );
  });
}

/** Logits after each token of one sequence, computed at once. The model must be prepared. */
export const allAtOnce = (model: Model, ids: Int32Array): Float64Array[] =>
  inPieces(model, ids, [ids.length]);

/** Logits after each token, one token after the other, layers carrying their state. The model must be prepared. */
export const oneByOne = (model: Model, ids: Int32Array): Float64Array[] =>
  inPieces(
    model,
    ids,
    Array.from(ids, () => 1),
  );

/** Nats of a token after logits. */
export function lossOf(logits: Float64Array, token: number): number {
  const max = Math.max(...logits);
  const sum = logits.reduce((total, z) => total + Math.exp(z - max), 0);
  return max + Math.log(sum) - logits[token]!;
}

/** Whether rows of the layer, or of one inside it, depend on rows after them. */
export const seesLater = (layer: Layer): boolean =>
  Boolean(layer.seesLater) || (layer.children ?? []).some(seesLater);
