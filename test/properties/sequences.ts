import { Blocks, type Model } from '../../src/core/model.ts';
import { mat } from '../../src/core/tensor.ts';

/** Logits after each token of one sequence, computed at once. The model must be prepared. */
export function allAtOnce(model: Model, ids: Int32Array): Float64Array[] {
  const rows = ids.length;
  const blocks = new Blocks(model, { rows, seqLen: rows, training: false, targetCapacity: rows });
  const plan = blocks.plan(rows);
  const context = { k: model.backend.kernels, seqLen: rows, carry: false };
  const logits = mat(model.backend.real, rows, model.vocab, 'logits');
  plan.ids.data.set(ids);
  plan.forward(context);
  plan.logits(context, logits);
  return Array.from(ids, (_, i) =>
    Float64Array.from(logits.data.subarray(i * model.vocab, (i + 1) * model.vocab)),
  );
}
