import { createHash } from 'node:crypto';
import { parse } from 'yaml';
import { fillRecipe } from '../recipes/fill.ts';
import type { Recipe } from '../recipes/load.ts';

/** A hash of what affects the weights: not of what only ends, watches or speeds up a run. The data has its own. */
export function fingerprint(recipe: Recipe): string {
  const filled = parse(fillRecipe(recipe));
  const { model, optimizer, schedule, collapse, compute, tokenizer, data, train } = filled;
  const { seq_len, batch, order, documents, align } = data;
  const { seed, clip, block_rows, accumulate } = train;
  const { weight_decay_schedule } = filled;
  const parts = [
    model,
    optimizer,
    schedule,
    collapse,
    tokenizer,
    seq_len,
    batch,
    order,
    seed,
    clip,
    block_rows,
    // Runs from before there was a choice go on.
    ...(compute === 'f32' ? [] : [compute]),
    ...(documents === 'join' ? [] : [{ documents }]),
    ...(align ? [{ align }] : []),
    ...(accumulate === 1 ? [] : [{ accumulate }]),
    ...(weight_decay_schedule.type === 'constant' ? [] : [{ weight_decay_schedule }]),
  ];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
