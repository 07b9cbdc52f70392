import { z } from 'zod';
import type { Layer, StepContext } from '../core/layer.ts';
import { count } from '../core/options.ts';
import type { Parameter } from '../core/parameter.ts';
import type { Planner } from '../core/planner.ts';
import type { Mat } from '../core/tensor.ts';

/** How the columns of a row are shared out: [q | k | v | write gates | log decay]. */
export interface Heads {
  readonly keyHeads: number;
  /** Heads that share a query and a key. */
  readonly group: number;
  readonly keys: number;
  readonly values: number;
  /** Columns of log decay of a head. */
  readonly decays: number;
}

export interface MatrixStateCache {
  /** The state of each sequence and head [keys x values]. */
  readonly state: Mat;
}

/** A layer whose heads each carry a matrix: what was written under a key is read by a query. */
export abstract class MatrixState implements Layer<MatrixStateCache> {
  abstract readonly type: string;
  readonly coupling = 'sequence';
  readonly throughKernels = true;
  readonly keeps = { input: true, output: false };
  readonly outCols: number;
  readonly macs: number;

  constructor(
    readonly path: string,
    readonly inCols: number,
    protected readonly heads: Heads,
  ) {
    const { keyHeads, group, keys, values } = heads;
    this.outCols = keyHeads * group * values;
    this.macs = 3 * this.outCols * keys;
  }

  parameters(): Iterable<Parameter> {
    return [];
  }

  plan(_rows: number, p: Planner): MatrixStateCache {
    const { keyHeads, group, keys, values } = this.heads;
    return { state: p.state(`${this.path}/state`, keyHeads * group * keys, values) };
  }

  abstract forward(ctx: StepContext, x: Mat, y: Mat, cache: MatrixStateCache): void;
  abstract backward(ctx: StepContext, x: Mat, y: Mat, dy: Mat, dx: Mat): void;
}

/** Log-decay columns: one for each head, one for each key channel of it, or none. */
export type DecayColumns = 'head' | 'channel' | 'none';

export const headOptions = {
  heads: count.describe('Number of heads: of values, write gates and decays.'),
  key_heads: count
    .nullable()
    .default(null)
    .describe('Heads of queries and keys, a divisor of heads; null: as many.'),
  key_width: count
    .nullable()
    .default(null)
    .describe('Columns of a query and of a key; null: what the columns that come in leave.'),
  value_width: count.nullable().default(null).describe('Columns of a value; null: likewise, and both alike.'),
} as const;

const sizes = z.strictObject(headOptions);

/** How `inCols` columns are shared out; reports what does not fit. */
export function headsOf(
  { heads, key_heads, key_width, value_width }: z.output<typeof sizes>,
  gates: number,
  decay: DecayColumns,
  { inCols, fail }: { inCols: number; fail(message: string, option?: string): never },
): Heads {
  const keyHeads = key_heads ?? heads;
  if (heads % keyHeads) fail(`${heads} heads can't share the keys of ${keyHeads} evenly`, 'key_heads');
  const perKeyColumn = 2 * keyHeads + (decay === 'channel' ? heads : 0);
  const rest = inCols - heads * (gates + Number(decay === 'head'));
  const both = rest / (perKeyColumn + heads);
  const keys = key_width ?? (value_width === null ? both : (rest - heads * value_width) / perKeyColumn);
  const values = value_width ?? (rest - perKeyColumn * keys) / heads;
  const fits = perKeyColumn * keys + heads * values === rest;
  if (!(fits && Number.isInteger(keys) && keys > 0 && Number.isInteger(values) && values > 0)) {
    const parts = ['q', 'k', 'v', ...(gates ? ['gates'] : []), ...(decay === 'none' ? [] : ['log decay'])];
    const widths = [
      `${keyHeads * 2}*key_width`,
      `${heads}*value_width`,
      ...(decay === 'channel' ? [`${heads}*key_width`] : []),
      ...(inCols === rest ? [] : [`${inCols - rest}`]),
    ];
    fail(
      `${inCols} columns come in, but [${parts.join(' | ')}] takes ${widths.join(' + ')} of them`,
      'heads',
    );
  }
  const decays = { none: 0, head: 1, channel: keys }[decay];
  return { keyHeads, group: heads / keyHeads, keys, values, decays };
}

export const scaleOption = z
  .number()
  .positive()
  .nullable()
  .default(null)
  .describe('What queries are multiplied by; null: 1 / sqrt(key_width).');
