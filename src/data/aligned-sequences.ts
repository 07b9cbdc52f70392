import type { DocumentRange } from './token-file.ts';

/** Raised when `alignedSequences` comes to mean others. */
export const ALIGNED_VERSION = 1;

/**
 * Where the sequences of an epoch begin that begin at documents, in tokens of the stream. The first sequence begins at the first
 * document. The next begins at the document in which the one before ended, so the part of it that was read is read once more;
 * where that document began at or before the beginning of the sequence before, which is full of it, the next continues it.
 * So no token is left out, only the tokens of a document that a sequence cut short are read twice, and a document longer than
 * a sequence is read in sequences one after the other. The last sequence runs on over the end of the stream.
 */
export function alignedSequences(documents: Iterable<DocumentRange>, seqLen: number): Float64Array {
  let starts = new Float64Array(1024);
  // The first one.
  let count = 1;
  const add = (start: number): void => {
    if (count === starts.length) {
      const grown = new Float64Array(2 * count);
      grown.set(starts);
      starts = grown;
    }
    starts[count++] = start;
  };
  for (const { start, end } of documents) {
    for (;;) {
      const from = starts[count - 1]!;
      const to = from + seqLen;
      if (to >= end) break;
      add(start > from ? start : to);
    }
  }
  return starts.slice(0, count);
}
