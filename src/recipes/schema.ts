import { z } from 'zod';
import type { Component, Kind } from '../core/component.ts';
import { PRECISIONS } from '../core/compute.ts';
import { count, duration, every } from '../core/options.ts';
import { componentOf, componentsOf, entriesOf, entryOf, layerList, modelList } from '../core/slots.ts';
import { DATA_ORDERS } from '../data/batches.ts';
import { CORPUS_FORMATS, DEFAULT_TEXT_FIELD } from '../data/corpus.ts';
import { MAX_VOCAB } from '../data/tokenizer/merges.ts';

const texts = z.union([
  z.string().min(1),
  z.array(z.string().min(1)).min(1),
  entryOf('source', "A plugin's source of documents."),
]);

const tokenizer = z.strictObject({
  type: z.literal('byte_bpe').default('byte_bpe').describe('Byte-level BPE.'),
  vocab: z
    .int()
    .min(1)
    .max(MAX_VOCAB)
    .nullable()
    .default(null)
    .describe("Number of tokens to learn, at most the model's; null: the model's."),
  file: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('A tokenizer.json of at most as many ids as the model has; null: trained on the data.'),
});

const data = z.strictObject({
  source: texts
    .default('sample')
    .describe(
      "`sample` (comes with the package), `tinystories`, or text files, folders and glob patterns; or a plugin's source with its options.",
    ),
  valid: texts
    .nullable()
    .default(null)
    .describe("Validation data, likewise; null: the source's own, if any."),
  valid_share: z
    .number()
    .gt(0)
    .lt(1)
    .nullable()
    .default(null)
    .describe(
      'Fraction of the documents of `source` that is held out for validation, such as 0.05; instead of `valid`.',
    ),
  format: z
    .enum(CORPUS_FORMATS)
    .default('auto')
    .describe('How files hold their documents; auto: by their names and beginnings.'),
  text_field: z
    .string()
    .min(1)
    .default(DEFAULT_TEXT_FIELD)
    .describe('The field of JSON records that holds the text.'),
  seq_len: count.default(256).describe('Tokens in a sequence.'),
  batch: count.default(256).describe('Sequences in a step.'),
  order: z.enum(DATA_ORDERS).default('sequential').describe('Order of the sequences in an epoch.'),
  documents: z
    .enum(['join', 'reset'])
    .default('join')
    .describe(
      'What crosses from one document to the next in a training sequence. join: all that layers carry; reset: nothing, as in evaluation. Without meaning for token-wise models.',
    ),
  align: z
    .boolean()
    .default(false)
    .describe(
      'true: training sequences begin at documents, and the beginnings of documents that a sequence cuts short are read twice. Without meaning for token-wise models.',
    ),
  cache_dir: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('Where token files are kept; null: FLASHLM_CACHE, else .flashlm.'),
});

const amount = z.number().positive().nullable().default(null);

const train = z.strictObject({
  epochs: amount.describe(
    'Passes over the data after which to stop; need not be whole. The first limit that is reached ends the run.',
  ),
  steps: count.nullable().default(null).describe('Steps after which to stop.'),
  tokens: amount.describe('Tokens after which to stop.'),
  budget: duration
    .nullable()
    .default(null)
    .describe(
      'Training time after which to stop: 2h, 90m, 45s. Evaluation and checkpoints do not count, nor does the time of a stopped process: a step counts 20 times its CPU time at most.',
    ),
  seed: z.int().min(0).default(1).describe('Decides first weights, shuffling and samples.'),
  clip: z
    .number()
    .positive()
    .nullable()
    .default(null)
    .describe('Largest global norm of the gradients; null: any.'),
  accumulate: count
    .default(1)
    .describe(
      'Batches whose gradients are averaged for one step: it has so many times data.batch sequences.',
    ),
  block_rows: z
    .union([z.literal('auto'), count])
    .default('auto')
    .describe('Rows that go through the model at once.'),
  threads: z
    .union([z.literal('auto'), count])
    .default('auto')
    .describe('Threads of the kernels; auto: FLASHLM_THREADS, else every CPU of this process.'),
});

const checkpoint = z.strictObject({
  every: every.default(500).describe('Steps from one checkpoint to the next; null: at the end only.'),
  keep: count.default(3).describe('How many checkpoints stay.'),
});

const evaluation = z.strictObject({
  every: every.default(500).describe('Steps from one evaluation to the next; null: at the end only.'),
  tokens: count
    .nullable()
    .default(null)
    .describe(
      'Evaluate the first so many tokens of a text; null: all of the validation data, a part of the training text.',
    ),
  context: count
    .nullable()
    .default(null)
    .describe(
      'Most tokens of a document that the model reads at once, where a layer grows with the sequence (attention); null: data.seq_len.',
    ),
  stride: count
    .nullable()
    .default(null)
    .describe(
      'Tokens from one window of `context` to the next in longer documents; null: half of it. Each token is scored once, with at least context - stride before it.',
    ),
});

/** How text is written. */
export const SAMPLE = z.strictObject({
  every: every.default(500).describe('Steps from one sample to the next; null: at the end only.'),
  prompt: z.string().default('Once upon a time').describe('What the text begins with.'),
  max_tokens: count.default(120).describe('Maximum tokens to write.'),
  temperature: z
    .number()
    .min(0)
    .default(0.8)
    .describe('0 takes the likeliest token, 1 draws as the model says.'),
  top_k: count.nullable().default(null).describe('Draw from this many likeliest tokens only.'),
  top_p: z
    .number()
    .gt(0)
    .max(1)
    .default(1)
    .describe('Draw from the likeliest tokens of this probability only.'),
  min_p: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe("Draw from tokens with at least this share of the likeliest one's probability only."),
  repetition_penalty: z
    .number()
    .positive()
    .default(1)
    .describe(
      'Tokens that the text has already become less likely: their logits are divided by this, negative ones multiplied.',
    ),
  stop: z
    .array(z.string().min(1))
    .default([])
    .describe('The text ends before the first of these texts that is written.'),
});

const log = z.strictObject({
  every: z
    .union([z.literal('auto'), count])
    .default('auto')
    .describe(
      'Steps from one line of progress to the next; auto: by the clock, every 2 seconds at first, at least once a minute.',
    ),
});

/** A whole recipe. Everything that affects a result is here, or is written into the filled recipe as its default. */
export const RECIPE = z.strictObject({
  name: z
    .string()
    .min(1)
    .max(100)
    .regex(/^\P{Cc}*$/u, 'expected no control characters')
    .describe('What the run is called.'),
  plugins: z
    .array(z.string().min(1))
    .default([])
    .describe('Modules (.ts, .js, .mjs) that add components. Those of a recipe that is extended are kept.'),
  causal: z
    .boolean()
    .default(true)
    .describe('false: rows may see later tokens; every PPL is then marked as not causal.'),
  model: modelList('Layers from first to last: an input layer, layers, an objective.'),
  tokenizer: tokenizer.prefault({}).describe('Where the tokenizer comes from.'),
  data: data.prefault({}).describe('What to train on.'),
  optimizer: componentOf('optimizer', 'How gradients change the weights.'),
  schedule: componentOf('schedule', 'The learning rate of each step.').default({ type: 'constant' } as never),
  weight_decay_schedule: componentOf('schedule', 'What weight decays are multiplied by, from 1 on.').default({
    type: 'constant',
  } as never),
  train: train.prefault({}).describe('How long, and how.'),
  checkpoint: checkpoint.prefault({}).describe('When to save.'),
  eval: evaluation.prefault({}).describe('When to measure the validation loss.'),
  sample: SAMPLE.prefault({}).describe('When to write a sample, and how.'),
  log: log.prefault({}).describe('How often to tell of progress.'),
  collapse: z
    .enum(['auto', 'never'])
    .default('auto')
    .describe('auto: a token-wise model computes each distinct token once, exactly; never: every token.'),
  compute: z
    .enum(PRECISIONS)
    .default('f32')
    .describe('What training rounds the operands of its products to, where the backend is faster in it.'),
  backend: componentOf('backend', 'What runs the kernels.').default('native' as never),
  hooks: entriesOf('hook', 'What plugins do between steps, in this order.').default([] as never),
});

/** One of a recipe's `blocks`. */
export const BLOCK = z.strictObject({
  parameters: z
    .record(z.string(), z.unknown())
    .default({})
    .describe(
      'Names with their defaults, null for none: numbers, texts, true, false, lists of layers. Used as `$name`.',
    ),
  layers: layerList('The layers that replace the block.'),
});

/** What makes a recipe short to write: it is gone once a recipe is loaded. */
export const WRITING = z.strictObject({
  sizes: z
    .record(z.string(), count)
    .optional()
    .describe('Whole numbers by name, used as `$name` wherever a number is expected: `$d`, `2*$d`, `$d/2`.'),
  blocks: z
    .record(z.string(), BLOCK)
    .optional()
    .describe(
      'Lists of layers by name (with a capital letter), used in lists of layers: `- Glu: { ffn: 512 }`.',
    ),
});

/** What only files have: it is gone once a recipe is loaded. */
export const FILE_KEYS = {
  $schema: z.string().describe('For editors.'),
  extends: z
    .string()
    .min(1)
    .describe('The recipe this one changes: a name of the library, or a file; only in a file.'),
};

/** The options that every component of a kind accepts beside its own. */
export const COMMON: Readonly<Record<Kind, z.ZodObject>> = {
  ...modelCommon(),
  optimizer: z.strictObject({}),
  schedule: z.strictObject({
    over: z
      .enum(['auto', 'steps', 'tokens', 'epochs', 'time'])
      .default('auto')
      .describe(
        'The limit of the run that the schedule goes along with; auto: the first one set, time last.',
      ),
  }),
  backend: z.strictObject({
    wrap: componentsOf('decorator', 'Decorators, the innermost first.').default([] as never),
  }),
  decorator: z.strictObject({}),
  source: z.strictObject({}),
  hook: z.strictObject({}),
};

function modelCommon() {
  const name = z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9_]*$/, 'expected letters, digits and _')
    .max(64)
    .optional()
    .describe('What the layer is called in paths.');
  const common = z.strictObject({ name });
  return { input: common, layer: common, objective: common };
}

const fullSchemas = new WeakMap<Component, z.ZodObject>();

/** Everything that may be in a component's map. Made once: zod compiles a schema at its first use. */
export function fullSchema(component: Component): z.ZodObject {
  let schema = fullSchemas.get(component);
  if (!schema) {
    schema = component.schema.safeExtend(COMMON[component.kind].shape);
    fullSchemas.set(component, schema);
  }
  return schema;
}

export type RecipeSettings = z.output<typeof RECIPE>;
