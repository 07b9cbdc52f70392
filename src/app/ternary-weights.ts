import { checkOptions, optionsOf } from '../recipes/check-options.ts';
import { checkArguments } from './arguments.ts';
import type { Trained } from './trained.ts';
import { OPEN_OPTIONS, type OpenOptions, withTrained } from './with-trained.ts';

const OPTIONS = optionsOf<OpenOptions>(OPEN_OPTIONS);

/** One ternary matrix of a trained model: its value at (row, col) is the row's scale times the code. */
export interface TernaryMatrix {
  /** As in checkpoints: `blocks.0.up.weight`. */
  readonly name: string;
  /** Columns that come out of the layer. */
  readonly rows: number;
  /** Columns that go into it. */
  readonly cols: number;
  /** -1, 0 or 1, row by row [rows * cols]. */
  readonly codes: Int8Array;
  /** One for all rows, or one for each. */
  readonly scales: Float32Array | Float64Array;
}

/**
 * The codes and scales of every ternary matrix of a trained run, from its newest checkpoint: exactly what the next training
 * step, evaluation and generation multiply by. The arrays are copies.
 * @throws FlashError when the run cannot be opened.
 */
export async function ternaryWeights(
  run: string | Trained,
  options: OpenOptions = {},
): Promise<readonly TernaryMatrix[]> {
  checkArguments('ternaryWeights', { run });
  checkOptions('ternaryWeights', 'the options', OPTIONS, options);
  return withTrained(run, options, ({ composed: { model } }) => {
    model.prepare();
    return model.store.all.flatMap((parameter): TernaryMatrix[] => {
      if (!parameter.quantised) return [];
      const { name, rows, cols, ternary } = parameter;
      const { codes, scale, rowScale } = ternary;
      return [{ name, rows, cols, codes: codes.data.slice(), scales: (rowScale ?? scale).data.slice() }];
    });
  });
}
