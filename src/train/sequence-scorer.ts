import { chooseBlockRows } from '../runtime/batch-runner.ts';
import { Blocks } from '../runtime/blocks.ts';
import type { Pass } from '../runtime/context.ts';
import type { Model } from '../runtime/model.ts';
import { SequenceBatch } from '../runtime/sequence-batch.ts';
import { DocumentReader, type OpenDocument } from './document-reader.ts';
import { DocumentSum } from './document-sum.ts';
import type { Scorer } from './scorer.ts';

/**
 * A document's rows in a call are padded to a multiple of this: small enough that the end of a document wastes little, large
 * enough that few different blocks are planned.
 */
const ROW_PADDING = 16;
const CONTINUES: Pass = { continues: true };

/** How many documents are scored side by side: their state must not take more memory than the activations (both in bytes). */
export function documentsAtOnce(rows: number, seqLen: number, activations: number, carried: number): number {
  const max = Math.floor(rows / Math.min(ROW_PADDING, seqLen));
  return Math.max(1, Math.min(max, Math.floor(activations / carried)));
}

/**
 * Scores documents side by side. Each document takes a few rows of every call, at most as many as a training sequence has, and
 * the layers carry its state from call to call. When a document ends, the next one takes its place, so that calls stay full
 * however short the documents are. Nats are added up in the order of the text. Only for models whose state does not grow with
 * the sequence; others need `windowScorer`.
 */
export function sequenceScorer(
  model: Model,
  { seqLen, blockRows }: { readonly seqLen: number; readonly blockRows: number | 'auto' },
): Scorer {
  const rows = chooseBlockRows(model, { seqLen, blockRows, maxRows: Number.POSITIVE_INFINITY });
  const blocks = new Blocks(model, { rows, seqLen, training: false, targetCapacity: rows });
  const ids = new Int32Array(rows);
  const targetIds = new Int32Array(rows);
  const offsets = new Int32Array(rows + 1);
  const weights = new Int32Array(rows).fill(1);
  const sequences = documentsAtOnce(rows, seqLen, blocks.bytes, blocks.state(1).bytes);

  return function* ({ eos, tokens: pieces, count: total }) {
    model.prepare();
    const reader = new DocumentReader(pieces(), eos);
    const batch = new SequenceBatch<OpenDocument>(blocks, sequences);
    const sum = new DocumentSum();
    const documents = new OrderedDocuments(sum);
    let tokens = 0;
    for (;;) {
      while (!batch.isFull) {
        const document = reader.next();
        if (!document) break;
        batch.join(document);
        documents.begin(document);
      }
      if (batch.count === 0) return { nats: sum.total, tokens, floor: null, positions: sum.positions };
      const members = batch.arrange();
      const longest = Math.min(seqLen, Math.floor(rows / members.length));
      const ended = members.map((document) => document && reader.fill(document, longest));
      const needed = members.reduce((max, document) => Math.max(max, document?.held ?? 0), 0);
      // Rows past a document's end have no target, and no row looks ahead at them.
      const length = Math.min(longest, Math.ceil(needed / ROW_PADDING) * ROW_PADDING);
      const taken = members.map((document) => Math.min(length, document?.held ?? 0));
      let entries = 0;
      for (const [i, count] of taken.entries()) {
        const first = i * length;
        if (count > 0) members[i]!.take(count, ids.subarray(first), targetIds.subarray(entries));
        ids.fill(0, first + count, first + length);
        for (let row = 0; row < length; row++) offsets[first + row] = entries + Math.min(row, count);
        entries += count;
      }
      const used = members.length * length;
      offsets[used] = entries;
      const block = blocks.block(used, length);
      block.load({ count: used, ids, offsets, targetIds, weights });
      block.forward(CONTINUES);
      block.loss(CONTINUES);
      for (const [i, document] of members.entries()) {
        if (!document) continue;
        documents.add(document, block.nats.data.subarray(i * length, i * length + taken[i]!));
        if (!ended[i] || document.held > 0) continue;
        batch.leave(i);
        documents.end(document);
      }
      tokens += entries;
      yield tokens / total;
    }
  };
}

/** Adds documents up in the order in which they began, so that the sum's bits do not depend on how they were batched. */
class OrderedDocuments {
  /** Terms of the documents that have begun and are not in the sum yet. The first document's terms go there at once. */
  private readonly open = new Map<OpenDocument, { readonly terms: number[]; ended: boolean }>();
  private first: OpenDocument | undefined;

  constructor(private readonly sum: DocumentSum) {}

  begin(document: OpenDocument): void {
    if (this.open.size === 0) this.advanceTo(document);
    this.open.set(document, { terms: [], ended: false });
  }

  add(document: OpenDocument, terms: ArrayLike<number>): void {
    if (document === this.first) this.sum.add(terms);
    else for (let i = 0; i < terms.length; i++) this.open.get(document)!.terms.push(terms[i]!);
  }

  end(document: OpenDocument): void {
    this.open.get(document)!.ended = true;
    if (document !== this.first) return;
    for (const [next, { terms, ended }] of this.open) {
      if (next !== this.first) {
        this.advanceTo(next);
        this.sum.add(terms);
      }
      if (!ended) {
        // From here on its terms go into the sum as they come.
        terms.length = 0;
        return;
      }
      this.open.delete(next);
    }
  }

  private advanceTo(document: OpenDocument): void {
    this.first = document;
    this.sum.beginDocument();
  }
}
