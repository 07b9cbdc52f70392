import { chooseBlockRows } from '../runtime/batch-runner.ts';
import { Blocks } from '../runtime/blocks.ts';
import type { Model } from '../runtime/model.ts';
import { DocumentReader } from './document-reader.ts';
import { DocumentSum } from './document-sum.ts';
import type { Scorer } from './scorer.ts';
import { type Window, type Windows, windowsOf } from './windows.ts';

/** Windows are padded to multiples of this many rows, so that few blocks are planned. */
const ROW_PADDING = 16;
/** Windows that are read ahead, for each that a call takes: those of about the same length go together. */
const AHEAD = 8;

/**
 * Scores documents in windows that overlap: layers begin at each window with a zero state, so a document may be longer than
 * what they can carry. A window's bits depend neither on the others of its call nor on how many there are.
 */
export function windowScorer(
  model: Model,
  { blockRows, windows }: { readonly blockRows: number | 'auto'; readonly windows: Windows },
): Scorer {
  const { context } = windows;
  const rows = chooseBlockRows(model, { seqLen: context, blockRows, maxRows: Number.POSITIVE_INFINITY });
  const blocks = new Blocks(model, { rows, seqLen: context, training: false, targetCapacity: rows });
  const sideBySide = Math.floor(rows / context);
  const ids = new Int32Array(rows);
  const targetIds = new Int32Array(rows);
  const offsets = new Int32Array(rows + 1);
  const weights = new Int32Array(rows).fill(1);

  /** The nats of each window's new tokens. */
  const score = (group: readonly Window[]): Float64Array[] => {
    const longest = Math.max(...group.map((window) => window.rows));
    const length = Math.min(context, Math.ceil(longest / ROW_PADDING) * ROW_PADDING);
    let sequences = sideBySide;
    while (Math.ceil(sequences / 2) >= group.length && sequences > 1) sequences = Math.ceil(sequences / 2);
    const used = sequences * length;
    ids.fill(0, 0, used);
    let entries = 0;
    for (let s = 0; s < sequences; s++) {
      const window = group[s];
      if (window) {
        ids.set(window.ids.subarray(0, window.rows), s * length);
        targetIds.set(window.targets.subarray(window.seen, window.rows), entries);
      }
      // Rows that are scored already, and those past a window's end, have no target.
      for (let row = 0; row < length; row++) {
        offsets[s * length + row] = entries;
        if (window && row >= window.seen && row < window.rows) entries++;
      }
    }
    offsets[used] = entries;
    const block = blocks.block(used, length);
    block.load({ count: used, ids, offsets, targetIds, weights });
    block.forward();
    block.loss();
    return group.map(({ seen, rows }, s) =>
      Float64Array.from(block.nats.data.subarray(s * length + seen, s * length + rows)),
    );
  };

  return function* ({ eos, tokens: pieces, count: total }) {
    model.prepare();
    const sum = new DocumentSum();
    const reading = windowsOf(new DocumentReader(pieces(), eos), windows);
    let [scored, cut] = [0, 0];
    for (;;) {
      const ahead: Window[] = [];
      while (ahead.length < AHEAD * sideBySide) {
        const { done, value } = reading.next();
        if (done) break;
        ahead.push(value);
      }
      if (ahead.length === 0)
        return { nats: sum.total, tokens: sum.tokens, floor: null, positions: sum.positions, cut };
      const nats = new Map<Window, Float64Array>();
      const byLength = [...ahead].sort((a, b) => b.rows - a.rows);
      for (let start = 0; start < byLength.length; start += sideBySide) {
        const group = byLength.slice(start, start + sideBySide);
        for (const [i, terms] of score(group).entries()) {
          nats.set(group[i]!, terms);
          scored += terms.length;
        }
        yield scored / total;
      }
      for (const window of ahead) {
        if (window.first) sum.beginDocument();
        else cut += window.rows - window.seen;
        sum.add(nats.get(window)!);
      }
    }
  };
}
