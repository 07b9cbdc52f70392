import { FLOAT32 } from '../../src/core/compute.ts';
import { mat } from '../../src/core/tensor.ts';
import { Blocks, type Model } from '../../src/runtime/model.ts';

/** Logits after each token of one sequence, computed at once. The model must be prepared. */
export function allAtOnce(model: Model, ids: Int32Array): Float64Array[] {
  const rows = ids.length;
  const blocks = new Blocks(model, { rows, seqLen: rows, training: false, targetCapacity: rows });
  const plan = blocks.plan(rows);
  const context = { k: model.backend.kernels, seqLen: rows, carry: false, compute: FLOAT32 };
  const logits = mat(model.backend.real, rows, model.vocab, 'logits');
  plan.ids.data.set(ids);
  plan.forward(context);
  plan.logits(context, logits);
  return Array.from(ids, (_, i) =>
    Float64Array.from(logits.data.subarray(i * model.vocab, (i + 1) * model.vocab)),
  );
}

/** Logits after each token, one token after the other, layers carrying their state. The model must be prepared. */
export function oneByOne(model: Model, ids: Int32Array): Float64Array[] {
  const blocks = new Blocks(model, { rows: 1, seqLen: 1, training: false, targetCapacity: 1 });
  const plan = blocks.plan(1);
  const logits = mat(model.backend.real, 1, model.vocab, 'logits');
  return Array.from(ids, (id, i) => {
    const context = { k: model.backend.kernels, seqLen: 1, carry: i > 0, compute: FLOAT32 };
    plan.ids.data[0] = id;
    plan.forward(context);
    plan.logits(context, logits);
    return Float64Array.from(logits.data);
  });
}
