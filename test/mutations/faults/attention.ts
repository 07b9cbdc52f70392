import type { Ids, Mat } from '../../../src/core/tensor.ts';
import type { Mutation } from '../check.ts';
import { changed, keeping, kernel, passing } from './kernel-fault.ts';

const moved = (ids: Ids, by: number): Ids => ({ ...ids, data: ids.data.map((value) => value + by) });
const copyOf = (m: Mat): Mat => ({ ...m, data: m.data.slice() }) as Mat;

/** Attention, the turned heads that it takes, and dropout. */
export const ATTENTION_FAULTS: readonly Mutation[] = [
  kernel(
    'window-edge',
    'attention',
    'a window is one row too wide',
    passing('attention', { window: (rows: number) => rows && rows + 1 }),
  ),
  kernel(
    'score-scale',
    'attention',
    'scores are not divided by the root of the head',
    (right) =>
      (...values) => {
        const [out, lse, keys, kept, qk, x, gain, position, kvHeads, group, ...rest] = values;
        const E = x.cols / (kvHeads * (group + 2));
        const queries = changed(qk, 0, (value, col) =>
          col < kvHeads * group * E ? value * Math.sqrt(E) : value,
        );
        right.attention(out, lse, keys, kept, queries, x, gain, position, kvHeads, group, ...rest);
      },
  ),
  kernel(
    'cache-off-by-one',
    'attention',
    'rows before a call are looked for one slot further, and rows are kept there',
    passing('attention', { position: (ids: Ids) => moved(ids, 1) }),
  ),
  kernel(
    'attention-cap-forgotten',
    'attentionGrad',
    'the soft-cap of scores is missing in backward',
    passing('attentionGrad', { cap: () => 0 }),
  ),
  kernel(
    'attention-dropout-stream',
    'attentionGrad',
    'backward drops the weights that another layer drops',
    passing('attentionGrad', { stream: (stream: number) => stream - 1 }),
  ),
  kernel(
    'keys-of-one-head',
    'attentionGrad',
    'the gradient of a key that several queries share is that of the last',
    (right) =>
      (outDqk, outDx, outDgain, dy, qk, x, y, lse, gain, kvHeads, group, ...rest) => {
        right.attentionGrad(outDqk, outDx, outDgain, dy, qk, x, y, lse, gain, kvHeads, group, ...rest);
        const E = dy.cols / (kvHeads * group);
        const ofLast = changed(dy, 0, (value, col) =>
          Math.floor(col / E) % group === group - 1 ? value : 0,
        );
        // Without a gradient of its output, a head adds nothing to that of its keys.
        const { data } = outDqk;
        const all = data.slice();
        right.attentionGrad(
          outDqk,
          copyOf(outDx),
          null,
          ofLast,
          qk,
          x,
          y,
          lse,
          gain,
          kvHeads,
          group,
          ...rest,
        );
        for (let i = 0; i < data.length; i++) if (i % outDqk.cols < dy.cols) data[i] = all[i]!;
      },
  ),
  kernel(
    'attention-values-last-row',
    'attentionGrad',
    "the last row's values get no gradient",
    (right) =>
      (outDqk, outDx, ...rest) =>
        keeping(
          outDx,
          (row) => row === outDx.rows - 1,
          () => right.attentionGrad(outDqk, outDx, ...rest),
        ),
  ),
  kernel(
    'rope-position',
    'normRope',
    'rows after a prompt are turned as if the text began with them',
    passing('normRope', { position: (ids: Ids) => ({ ...ids, data: ids.data.map(() => 0) }) }),
  ),
  kernel(
    'rope-sign',
    'normRopeGrad',
    'the gradient is turned forward, not back',
    passing('normRopeGrad', { angles: (angles: Mat) => changed(angles, angles.cols / 2, (sine) => -sine) }),
  ),
  kernel(
    'dropout-other-layer',
    'dropout',
    'a layer drops what another one drops',
    passing('dropout', { stream: () => 0 }),
  ),
  kernel(
    'dropout-same-steps',
    'dropout',
    'every step drops the same elements',
    passing('dropout', { step: () => 0 }),
  ),
];
