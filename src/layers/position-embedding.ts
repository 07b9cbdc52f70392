import { z } from 'zod';
import { component } from '../core/component.ts';
import { FlashError } from '../core/errors.ts';
import type { StepContext } from '../core/layer.ts';
import { count, init } from '../core/options.ts';
import type { Planner } from '../core/planner.ts';
import type { Mat } from '../core/tensor.ts';
import { AddedRows, type AddedRowsCache } from './added-rows.ts';

/** `y_t = x_t + P[t]`, t counted within the document. */
export class PositionEmbedding extends AddedRows {
  readonly type = 'position_embedding';
  readonly growsTo = 'context';

  /** @throws FlashError for texts that may be longer than the table. */
  override plan(rows: number, p: Planner): AddedRowsCache {
    const { rows: positions } = this.table;
    if (p.context > positions)
      throw new FlashError(
        `texts of up to ${p.context} tokens were asked for, and there are ${positions} positions`,
        {
          where: `${this.path}, positions`,
          remedy:
            `Ask for at most ${positions} (eval.context or --context; prompt and sample.max_tokens or --max-tokens together), ` +
            'or train with more positions.',
          exitCode: 2,
        },
      );
    return super.plan(rows, p);
  }

  /** `state` holds, for each sequence, the position at which its document began. */
  protected find(ids: Int32Array, { position, starts, seqLen }: StepContext, state: Mat['data']): void {
    const { rows } = this.table;
    for (let i = 0; i < ids.length; i++) {
      const [s, t] = [Math.floor(i / seqLen), i % seqLen];
      const at = position.data[s]! + t;
      if (starts && t > 0 && starts.data[i] === t) state[s] = at;
      // An idle sequence begins again without being cleared.
      ids[i] = Math.max(0, at - state[s]!);
      if (ids[i]! >= rows)
        throw new FlashError(`${this.path} has ${rows} positions, and the text is longer`, {
          remedy: 'Give it more positions and train again, or read shorter texts.',
        });
    }
  }
}

export const positionEmbedding = component({
  kind: 'layer',
  type: 'position_embedding',
  summary: 'Adds a learned row for the position in the document.',
  schema: z.strictObject({
    positions: count
      .nullable()
      .default(null)
      .describe(
        'Positions that have a row: longer texts it cannot read. null: as many as a training sequence has.',
      ),
    init: init.default({ normal: 0.02 }).describe('First values.'),
  }),
  examples: [{}, { positions: 64, init: { constant: 0 } }],
  create: ({ positions, init }, { path, inCols, seqLen, fail }) => {
    if (positions !== null && positions < seqLen)
      fail(
        `sequences of ${seqLen} tokens (data.seq_len) need as many positions, not ${positions}`,
        'positions',
      );
    return new PositionEmbedding(path, inCols, positions ?? seqLen, init);
  },
});
