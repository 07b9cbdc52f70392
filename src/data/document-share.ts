import { Random } from '../core/random.ts';

/** One side of a text that is divided by document. */
export interface DocumentPart {
  /** The part of the documents that is for validation: above 0, below 1. */
  readonly validShare: number;
  readonly side: 'train' | 'valid';
}

/**
 * Says of each document, asked in order from 0 on, whether it is on one side. Of every `1 / validShare` documents one, drawn
 * from them, is for validation: neither a pattern in the order of documents nor its end can fall on one side, and the
 * same documents are drawn whatever the seed, the threads, or the side that is read.
 */
export function documentFilter({ validShare, side }: DocumentPart): (document: number) => boolean {
  let stretch = -1;
  let drawn = -1;
  return (document) => {
    const k = Math.floor(document * validShare);
    if (k !== stretch) {
      // Asked in order, so this is the stretch's first document.
      stretch = k;
      let end = Math.max(document + 1, Math.floor((k + 1) / validShare) - 1);
      // Beyond safe integers a number plus 1 may be itself: stretches of tiny shares end there.
      while (end < Number.MAX_SAFE_INTEGER && Math.floor(end * validShare) === k) end++;
      drawn = document + Math.floor(new Random(k, 'validation').uniform() * (end - document));
    }
    return (document === drawn) === (side === 'valid');
  };
}
