import type { StepContext } from '../../../src/core/layer.ts';
import { type Mat, mat } from '../../../src/core/tensor.ts';
import { Activation } from '../../../src/layers/activation.ts';
import { Attention } from '../../../src/layers/attention.ts';
import { BigramEmbedding } from '../../../src/layers/bigram-embedding.ts';
import { Columns, LearnedColumns } from '../../../src/layers/columns.ts';
import { Dropout } from '../../../src/layers/dropout.ts';
import { Embedding } from '../../../src/layers/embedding.ts';
import { Linear } from '../../../src/layers/linear.ts';
import { PositionEmbedding } from '../../../src/layers/position-embedding.ts';
import { Residual } from '../../../src/layers/residual.ts';
import { RmsNorm } from '../../../src/layers/rms-norm.ts';
import { Scale } from '../../../src/layers/scale.ts';
import { SequenceMean } from '../../../src/layers/sequence-mean.ts';
import { TernaryLinear } from '../../../src/layers/ternary-linear.ts';
import { TiedHead } from '../../../src/layers/tied-head.ts';
import { TokenShift } from '../../../src/layers/token-shift.ts';
import type { Mutation } from '../check.ts';
import { GENUINE, type Subject } from '../subject.ts';

function layer(id: string, fault: string, wrong: Partial<Subject['layers']>): Mutation {
  const where = `layer ${Object.keys(wrong).join(', ')}`;
  return { id, fault, where, parts: { layers: { ...GENUINE.layers, ...wrong } } };
}

type Args<F extends (...values: never[]) => unknown> = Parameters<F>;

/** The same values, column after column. */
function columnMajor(m: Mat): Mat {
  const turned = mat(m.dtype, m.rows, m.cols, m.label);
  for (let i = 0; i < m.data.length; i++)
    turned.data[(i % m.cols) * m.rows + Math.floor(i / m.cols)] = m.data[i]!;
  return turned;
}

/** A step whose sequences begin with this call. */
const fresh = (ctx: StepContext): StepContext => ({
  ...ctx,
  position: { ...ctx.position, data: ctx.position.data.map(() => 0) },
});

export const LAYER_FAULTS: readonly Mutation[] = [
  {
    ...layer('norm-in-place', 'the norm is written over the activation that its backward reads', {
      RmsNorm: class extends RmsNorm {
        override forward(...args: Args<RmsNorm['forward']>): void {
          super.forward(...args);
          const [, x, y] = args;
          (x.data as Float64Array).set(y.data);
        }
      },
    }),
    historical: true,
  },
  {
    ...layer('transposed-view', 'a transposed view is handed to a kernel: rows and columns swapped', {
      TernaryLinear: class extends TernaryLinear {
        override backward(...[ctx, x, y, dy, dx, cache]: Args<TernaryLinear['backward']>): void {
          super.backward(ctx, x, y, { ...dy, rows: dy.cols, cols: dy.rows } as Mat, dx, cache);
        }
      },
    }),
    historical: true,
  },
  {
    ...layer('column-major', 'a matrix whose memory is laid out column by column is handed to a kernel', {
      TernaryLinear: class extends TernaryLinear {
        override backward(...[ctx, x, y, dy, dx, cache]: Args<TernaryLinear['backward']>): void {
          super.backward(ctx, x, y, columnMajor(dy), dx, cache);
        }
      },
    }),
    historical: true,
  },
  layer('stale-weights', 'weights are quantised and packed once, not after each update', {
    TernaryLinear: class extends TernaryLinear {
      private isPrepared = false;
      override prepare(...args: Args<TernaryLinear['prepare']>): void {
        if (!this.isPrepared) super.prepare(...args);
        this.isPrepared = true;
      }
    },
  }),
  layer('linear-float-bias', 'the gradient of the bias is that of the layer before, from dx', {
    Linear: class extends Linear {
      override backward(...[ctx, x, y, dy, dx]: Args<Linear['backward']>): void {
        super.backward(ctx, x, y, dy, dx);
        const [, bias] = this.parameters();
        const sum = (dx.data as Float64Array).reduce((a, b) => a + b, 0);
        if (bias) (bias.grad.data as Float64Array).fill(sum);
      }
    },
  }),
  layer('master-of-codes', 'of learned scales the gradient of the codes is taken for that of the master', {
    TernaryLinear: class extends TernaryLinear {
      override backward(...[ctx, x, y, dy, dx, cache]: Args<TernaryLinear['backward']>): void {
        super.backward(ctx, x, y, dy, dx, cache);
        const { grad, uses } = this.weight;
        for (const use of uses) ctx.kernels.add(grad, grad, use.grad);
      }
    },
  }),
  layer('carry-leaks', 'the last row of a sequence is carried into the next batch', {
    TokenShift: class extends TokenShift {
      override readonly throughKernels = false;
      private last?: Mat['data'];
      override forward(...args: Args<TokenShift['forward']>): void {
        const { data } = args[3].state;
        if (this.last?.length === data.length) data.set(this.last as never);
        super.forward(...args);
        this.last = data.slice();
      }
    },
  }),
  layer('carry-lost', 'while a text goes on, the row before is forgotten', {
    TokenShift: class extends TokenShift {
      override readonly throughKernels = false;
      override forward(...args: Args<TokenShift['forward']>): void {
        args[3].state.data.fill(0);
        super.forward(...args);
      }
    },
  }),
  layer('sees-ahead', 'a row is shifted to the one after it', {
    TokenShift: class extends TokenShift {
      override readonly throughKernels = false;
      override forward(...args: Args<TokenShift['forward']>): void {
        const [, x, y] = args;
        super.forward(...args);
        for (let i = 0; i + x.cols < x.data.length; i++) y.data[i]! += 0.5 * x.data[i + x.cols]!;
      }
    },
  }),
  layer('keeps-lie', 'backward reads x, though the layer says that it does not', {
    RmsNorm: class extends RmsNorm {
      override readonly keeps = { input: false, output: false } as never;
    },
  }),
  layer('dx-hole', 'the last element of dx is not written', {
    Activation: class extends Activation {
      override backward(...args: Args<Activation['backward']>): void {
        const { data } = args[4];
        const before = data[data.length - 1]!;
        super.backward(...args);
        data[data.length - 1] = before;
      }
    },
  }),
  layer('dx-added', 'dx is added to, not written', {
    Activation: class extends Activation {
      override backward(...args: Args<Activation['backward']>): void {
        const { data } = args[4];
        const before = data.slice();
        super.backward(...args);
        for (let i = 0; i < data.length; i++) data[i]! += before[i]!;
      }
    },
  }),
  layer('residual-gradient', 'the gradient of the skip connection is missing', {
    Residual: class extends Residual {
      override backward(...[ctx, x, y, dy, dx, cache]: Args<Residual['backward']>): void {
        super.backward(ctx, x, y, dy, dx, cache);
        for (let i = 0; i < dx.data.length; i++) dx.data[i]! -= dy.data[i]!;
      }
    },
  }),
  layer('residual-twice', 'the skip connection is added twice', {
    Residual: class extends Residual {
      override forward(...args: Args<Residual['forward']>): void {
        super.forward(...args);
        const [ctx, x, y] = args;
        ctx.kernels.add(y, y, x);
      }
    },
  }),
  layer('columns-gradient-first', 'the gradient goes to the first columns, whichever were taken', {
    Columns: class extends Columns {
      override backward(...[ctx, x, y, dy, dx]: Args<Columns['backward']>): void {
        super.backward(ctx, x, y, dy, dx);
        dx.data.fill(0);
        ctx.kernels.pasteColumns(dx, dy, 0);
      }
    },
  }),
  layer('columns-not-cleared', 'columns that were dropped keep what the memory of their gradient held', {
    Columns: class extends Columns {
      override backward(...[ctx, x, y, dy, dx]: Args<Columns['backward']>): void {
        const before = dx.data.slice();
        super.backward(ctx, x, y, dy, dx);
        const written = dx.data.slice();
        for (let i = 0; i < before.length; i++) dx.data[i] = written[i] === 0 ? before[i]! : written[i]!;
      }
    },
  }),
  layer('learned-columns-last-row', 'learned columns get the gradient of the last row alone', {
    LearnedColumns: class extends LearnedColumns {
      override backward(...[ctx, x, y, dy, dx, cache]: Args<LearnedColumns['backward']>): void {
        const last = { ...dy, data: dy.data.map((g, i) => (i < dy.data.length - dy.cols ? 0 : g)) } as Mat;
        super.backward(ctx, x, y, last, dx, cache);
        ctx.kernels.sliceColumns(dx, dy, 0);
      }
    },
  }),
  layer('scale-forgotten', 'the gradient of what is scaled is not scaled', {
    Scale: class extends Scale {
      override backward(...[ctx, , , dy, dx]: Args<Scale['backward']>): void {
        ctx.kernels.sliceColumns(dx, dy, 0);
      }
    },
  }),
  layer('sequence-mean-of-step', 'the gradient is the mean over all sequences of the step', {
    SequenceMean: class extends SequenceMean {
      override backward(...[ctx, x, y, dy, dx]: Args<SequenceMean['backward']>): void {
        super.backward({ ...ctx, seqLen: dy.rows }, x, y, dy, dx);
      }
    },
  }),
  layer('dropout-redrawn', 'backward drops other elements than forward', {
    Dropout: class extends Dropout {
      override backward(...[ctx, ...rest]: Args<Dropout['backward']>): void {
        super.backward({ ...ctx, firstRow: ctx.firstRow + 1 }, ...rest);
      }
    },
  }),
  layer('attention-position', 'rows after a prompt are turned and kept as if the text began with them', {
    Attention: class extends Attention {
      override forward(...[ctx, ...rest]: Args<Attention['forward']>): void {
        super.forward(fresh(ctx), ...rest);
      }
    },
  }),
  layer('attention-ahead', 'a row gives what the row after it should', {
    Attention: class extends Attention {
      override forward(...[ctx, x, y, cache]: Args<Attention['forward']>): void {
        super.forward(ctx, x, y, cache);
        y.data.copyWithin(0, y.cols);
      }
    },
  }),
  layer('position-of-call', 'rows after a prompt have the positions of the first rows', {
    PositionEmbedding: class extends PositionEmbedding {
      override forward(...[ctx, ...rest]: Args<PositionEmbedding['forward']>): void {
        super.forward(fresh(ctx), ...rest);
      }
    },
  }),
  layer('bigram-state-lost', 'a call begins as if there were no token before it', {
    BigramEmbedding: class extends BigramEmbedding {
      override forward(...args: Args<BigramEmbedding['forward']>): void {
        args[3].state.data.fill(0);
        super.forward(...args);
      }
    },
  }),
  layer('scale-by-rows', "the loss's gradient is divided by the rows of the block once more", {
    TiedHead: class extends TiedHead {
      override loss(...[ctx, nats, h, targets, scale, ...rest]: Args<TiedHead['loss']>): void {
        super.loss(ctx, nats, h, targets, scale / h.rows, ...rest);
      }
    },
  }),
  layer('embedding-gradient', 'the embedding adds no gradient to the table it shares with the head', {
    Embedding: class extends Embedding {
      override backward(): void {}
    },
  }),
];
