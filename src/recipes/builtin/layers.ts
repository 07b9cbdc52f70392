import { z } from 'zod';
import { component } from '../../core/component.ts';
import { ACTIVATION_RULES, WEIGHT_RULES } from '../../core/kernels.ts';
import { count, init } from '../../core/options.ts';
import { Embedding } from '../../layers/embedding.ts';
import { RmsNorm } from '../../layers/rms-norm.ts';
import { Silu } from '../../layers/silu.ts';
import { TernaryLinear } from '../../layers/ternary-linear.ts';
import { TiedHead } from '../../layers/tied-head.ts';
import { TokenShift } from '../../layers/token-shift.ts';

export const embedding = component({
  kind: 'input',
  type: 'embedding',
  summary: 'A learned row for each token.',
  schema: z.strictObject({
    vocab: count.describe('Number of tokens.'),
    dim: count.describe('Columns of a row: the width of the model.'),
    init: init.default({ normal: 0.02 }).describe('First values.'),
  }),
  examples: [{ vocab: 16, dim: 8 }],
  create: ({ vocab, dim, init }, { path }) => new Embedding(path, vocab, dim, init),
});

export const rmsNorm = component({
  kind: 'layer',
  type: 'rms_norm',
  summary: 'Divides each row by its root mean square.',
  schema: z.strictObject({
    gain: z.boolean().default(true).describe('Multiply each channel by a learned gain.'),
    eps: z.number().positive().default(1e-6).describe('Added to the mean square.'),
  }),
  examples: [{}, { gain: false }],
  create: (options, { path, inCols }) => new RmsNorm(path, inCols, options),
});

export const ternaryLinear = component({
  kind: 'layer',
  type: 'ternary_linear',
  summary: 'A linear layer without bias whose weights are a scale times -1, 0 or +1.',
  schema: z.strictObject({
    out: count.describe('Columns that come out.'),
    weights: z.enum(WEIGHT_RULES).default('absmean').describe('How the scale of the weights is found.'),
    activations: z
      .enum([...ACTIVATION_RULES, 'none'])
      .default('ternary')
      .describe('How the rows that come in are quantised.'),
    init: z
      .union([z.literal('fan_in'), init])
      .default('fan_in')
      .describe('First values; fan_in: normal with standard deviation 1/sqrt(columns that come in).'),
  }),
  examples: [
    { out: 12 },
    { out: 5, weights: 'absmedian', activations: 'ternary-mse', init: { normal: 0.3 } },
    { out: 8, activations: 'int8' },
    { out: 8, activations: 'none' },
  ],
  create: ({ out, init, ...rules }, { path, inCols }) => {
    const first = init === 'fan_in' ? { normal: 1 / Math.sqrt(inCols) } : init;
    return new TernaryLinear(path, inCols, out, { ...rules, init: first });
  },
});

export const silu = component({
  kind: 'layer',
  type: 'silu',
  summary: 'x * sigmoid(x).',
  schema: z.strictObject({}),
  examples: [{}],
  create: (_, { path, inCols }) => new Silu(path, inCols),
});

export const tokenShift = component({
  kind: 'layer',
  type: 'token_shift',
  summary: 'Mixes each row with the one before it, in a learned proportion for each channel.',
  schema: z.strictObject({}),
  examples: [{}],
  create: (_, { path, inCols }) => new TokenShift(path, inCols),
});

export const tiedHead = component({
  kind: 'objective',
  type: 'tied_head',
  summary: "Logits from the embedding's own table, and cross-entropy.",
  schema: z.strictObject({}),
  examples: [{}],
  create: (_, { path, inCols, parameterOf, fail }) => {
    const table = parameterOf('embedding') ?? fail('tied_head needs an embedding as the first layer');
    if (table.cols !== inCols) {
      fail(`${inCols} columns come in, but the embedding it is tied to has dim ${table.cols}`);
    }
    return new TiedHead(path, table);
  },
});
