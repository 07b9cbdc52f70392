import { z } from 'zod';
import { component } from '../core/component.ts';
import type { StepContext } from '../core/layer.ts';
import { count, init } from '../core/options.ts';
import type { Mat } from '../core/tensor.ts';
import { AddedRows } from './added-rows.ts';

/** The table row (below `rows`) of a pair of adjacent tokens; -1 means no token. Different pairs may share a row. */
export function bigramRow(previous: number, id: number, rows: number): number {
  let hash = Math.imul(previous + 2, 0x9e3779b1) ^ Math.imul(id + 1, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 16), 0xc2b2ae35);
  return ((hash ^ (hash >>> 15)) >>> 0) % rows;
}

/** `y_t = x_t + B[hash(id_{t-1}, id_t)]`; a document's first token has none before it. */
export class BigramEmbedding extends AddedRows {
  readonly type = 'bigram_embedding';

  /** `state` holds, for each sequence, 1 more than its last token: 0 where it begins. */
  protected find(ids: Int32Array, { ids: tokens, starts, seqLen }: StepContext, state: Mat['data']): void {
    const { rows } = this.table;
    for (let i = 0; i < ids.length; i++) {
      const [s, t] = [Math.floor(i / seqLen), i % seqLen];
      if (starts && t > 0 && starts.data[i] === t) state[s] = 0;
      ids[i] = bigramRow(state[s]! - 1, tokens.data[i]!, rows);
      state[s] = tokens.data[i]! + 1;
    }
  }
}

export const bigramEmbedding = component({
  kind: 'layer',
  type: 'bigram_embedding',
  summary: 'Adds a learned row for the token and the one before it, found by a hash of both.',
  schema: z.strictObject({
    rows: count.describe('Rows of the table: pairs that have the same hash share one.'),
    init: init.default({ constant: 0 }).describe('First values.'),
  }),
  examples: [{ rows: 11 }],
  create: ({ rows, init }, { path, inCols }) => new BigramEmbedding(path, inCols, rows, init),
});
