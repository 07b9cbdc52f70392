import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import type { Backend, Decorator } from '../../src/core/backend.ts';
import type { Layer } from '../../src/core/layer.ts';
import type { Real } from '../../src/core/tensor.ts';
import { BatchSource } from '../../src/data/batches.ts';
import { BigramCounts } from '../../src/data/collapse.ts';
import { Activation } from '../../src/layers/activation.ts';
import { Attention } from '../../src/layers/attention.ts';
import { BigramEmbedding } from '../../src/layers/bigram-embedding.ts';
import { Columns, LearnedColumns } from '../../src/layers/columns.ts';
import { Dropout } from '../../src/layers/dropout.ts';
import { Embedding } from '../../src/layers/embedding.ts';
import { Linear } from '../../src/layers/linear.ts';
import { PositionEmbedding } from '../../src/layers/position-embedding.ts';
import { Residual } from '../../src/layers/residual.ts';
import { RmsNorm } from '../../src/layers/rms-norm.ts';
import { Scale } from '../../src/layers/scale.ts';
import { Sequence } from '../../src/layers/sequence.ts';
import { SequenceMean } from '../../src/layers/sequence-mean.ts';
import { TernaryLinear, type TernaryLinearOptions } from '../../src/layers/ternary-linear.ts';
import { TiedHead } from '../../src/layers/tied-head.ts';
import { TokenShift } from '../../src/layers/token-shift.ts';
import { AdamW } from '../../src/optim/adamw.ts';
import { clipGradients } from '../../src/optim/clip.ts';
import { Lion } from '../../src/optim/lion.ts';
import { Muon } from '../../src/optim/muon.ts';
import { Sgd } from '../../src/optim/sgd.ts';
import { Model } from '../../src/runtime/model.ts';
import { watchInput, watchLayer, watchObjective } from '../../src/runtime/watched-layer.ts';
import { restoreSnapshot, takeSnapshot } from '../../src/train/snapshot.ts';
import type { Batches } from '../../src/train/trainer.ts';
import type { Optimizers } from '../optim/updates.ts';

/** The parts of the project that a mutation may replace, and that the checks are made of. */
export interface Subject {
  /** Around the reference's kernels. */
  readonly backend: Decorator;
  readonly layers: {
    readonly Embedding: typeof Embedding;
    readonly RmsNorm: typeof RmsNorm;
    readonly TokenShift: typeof TokenShift;
    readonly Linear: typeof Linear;
    readonly TernaryLinear: typeof TernaryLinear;
    readonly Activation: typeof Activation;
    readonly Residual: typeof Residual;
    readonly Columns: typeof Columns;
    readonly LearnedColumns: typeof LearnedColumns;
    readonly Scale: typeof Scale;
    readonly SequenceMean: typeof SequenceMean;
    readonly Dropout: typeof Dropout;
    readonly Attention: typeof Attention;
    readonly PositionEmbedding: typeof PositionEmbedding;
    readonly BigramEmbedding: typeof BigramEmbedding;
    readonly TiedHead: typeof TiedHead;
  };
  /** A model that was just made. */
  readonly model: (model: Model) => Model;
  readonly clip: typeof clipGradients;
  readonly optimizers: Optimizers;
  readonly counts: typeof BigramCounts;
  readonly batches: (batches: Batches) => Batches;
  readonly source: typeof BatchSource;
  readonly snapshot: { readonly take: typeof takeSnapshot; readonly restore: typeof restoreSnapshot };
}

/** The project as it is. */
export const GENUINE: Subject = {
  backend: (backend) => backend,
  layers: {
    Embedding,
    RmsNorm,
    TokenShift,
    Linear,
    TernaryLinear,
    Activation,
    Residual,
    Columns,
    LearnedColumns,
    Scale,
    SequenceMean,
    Dropout,
    Attention,
    PositionEmbedding,
    BigramEmbedding,
    TiedHead,
  },
  model: (model) => model,
  clip: clipGradients,
  optimizers: { Sgd, AdamW, Lion, Muon },
  counts: BigramCounts,
  batches: (batches) => batches,
  source: BatchSource,
  snapshot: { take: takeSnapshot, restore: restoreSnapshot },
};

export const backendOf = (subject: Subject, real: Real): Backend =>
  subject.backend(createReferenceBackend(real));

export const VOCAB = 40;
const DIM = 8;
const INIT = { normal: 0.5 };

/** Two heads of queries that share one of keys, and a window that a text outgrows. */
const attentionOf = ({ layers: l }: Subject, path: string): Attention =>
  new l.Attention(
    path,
    {
      heads: 2,
      kvHeads: 1,
      headCols: DIM / 2,
      rope: { base: 100, fraction: 1, layout: 'half' },
      qkNorm: false,
      headScale: false,
      window: 5,
      softCap: 0,
      dropout: 0,
    },
    8,
  );

/** One layer of each kind, and each way a linear layer takes its input, by itself. */
export function layersOf(subject: Subject): Layer[] {
  const { layers: l } = subject;
  const linear = (path: string, activations: TernaryLinearOptions['activations']): Layer =>
    new l.TernaryLinear(path, DIM, 5, { weights: 'absmean', activations, init: INIT });
  return [
    new l.RmsNorm('norm', DIM, { gain: true, eps: 1e-5 }),
    new l.TokenShift('shift', DIM),
    new l.Activation('silu', DIM, 'silu'),
    new l.Linear('dense', DIM, 6, { bias: true, init: INIT }),
    linear('ternary', 'ternary'),
    linear('int8', 'int8'),
    linear('float', 'none'),
    new l.TernaryLinear('rows', DIM, 5, {
      weights: 'absmean',
      scale: 'row',
      activations: 'int8',
      init: INIT,
    }),
    new l.TernaryLinear('learned', DIM, 5, {
      weights: 'learned',
      scale: 'row',
      activations: 'none',
      init: INIT,
    }),
    new l.Columns('columns', DIM, 3, 2),
    new l.LearnedColumns('learned_columns', DIM, 3, INIT),
    new l.Scale('scale', DIM, 0.5),
    new l.SequenceMean('mean', DIM),
    new l.Dropout('dropout', DIM, 0.3),
    attentionOf(subject, 'attention'),
    new l.BigramEmbedding('bigram', DIM, 11, INIT),
    new l.Residual('residual', new l.RmsNorm('residual.norm', DIM, { gain: true, eps: 1e-5 })),
  ];
}

/** `attends`: rows see all rows before them, and their positions. */
export type Mixing = 'token-wise' | 'mixes rows' | 'attends';

/** Two residual blocks, all kinds of layers in them, under a head that shares the embedding's table. */
export function modelOf(subject: Subject, backend: Backend, mixing: Mixing): Model {
  const l = subject.layers;
  const watch = <L extends Layer>(layer: L): Layer => watchLayer(layer);
  const norm = (path: string, gain: boolean) => watch(new l.RmsNorm(path, DIM, { gain, eps: 1e-5 }));
  const shift = (path: string) => (mixing === 'mixes rows' ? [watch(new l.TokenShift(path, DIM))] : []);
  const linear = (
    path: string,
    inCols: number,
    outCols: number,
    activations: TernaryLinearOptions['activations'],
  ) => watch(new l.TernaryLinear(path, inCols, outCols, { weights: 'absmean', activations, init: INIT }));
  const residual = (path: string, layers: readonly Layer[]) =>
    watch(new l.Residual(path, new Sequence(path, layers)));
  const attend = (path: string) =>
    mixing === 'attends'
      ? [
          watch(new l.PositionEmbedding(`${path}.position`, DIM, 16, INIT)),
          watch(new l.BigramEmbedding(`${path}.bigram`, DIM, 11, INIT)),
          linear(`${path}.qkv`, DIM, 2 * DIM, 'none'),
          watch(attentionOf(subject, `${path}.attention`)),
        ]
      : [];
  const embedding = new l.Embedding('embedding', VOCAB, DIM, INIT);
  const body = new Sequence('body', [
    residual('blocks.0', [
      norm('blocks.0.norm', true),
      ...shift('blocks.0.shift'),
      linear('blocks.0.up', DIM, 12, 'int8'),
      watch(new l.Activation('blocks.0.silu', 12, 'silu')),
      linear('blocks.0.down', 12, DIM, 'ternary'),
    ]),
    residual('blocks.1', [
      ...shift('blocks.1.shift'),
      ...attend('blocks.1'),
      linear('blocks.1.linear', DIM, DIM, 'none'),
    ]),
    norm('norm', false),
  ]);
  const head = new l.TiedHead('tied_head', embedding.table);
  const model = new Model(backend, { input: watchInput(embedding), body, objective: watchObjective(head) });
  model.store.initialize(1);
  return subject.model(model);
}
