import type { NativeMutant } from '../mutant.ts';

/** What a row sees of the rows before it, where several documents share a sequence. */
export const DOCUMENT_MUTANTS: readonly NativeMutant[] = [
  {
    id: 'starts-state-seen',
    fault: 'the state is seen by the second document too',
    file: 'kernels/token_shift.inl',
    at: 'documentBegins(starts, row, t) ? «shares.zeros»',
    wrong: '(state + row / seqLen * D)',
  },
  {
    id: 'starts-off-by-one',
    fault: 'a document begins one row late',
    file: 'kernels/document_starts.inl',
    at: 'return starts && t > 0 && «starts[row] == t»;',
    wrong: 'starts[row] + 1 == t',
  },
  {
    id: 'starts-follow-beyond',
    fault: 'the first row of the next document follows too',
    file: 'kernels/document_starts.inl',
    at: 'while (found < last && «starts[row + found + 1] <= t») found++;',
    wrong: 'starts[row + found + 1] <= t + 1',
  },
  {
    id: 'starts-state-kept',
    fault: 'rows of earlier documents are carried on',
    file: 'kernels/sequence_state.inl',
    at: '«if (unseen > 0) memset(state, 0, unseen * D * sizeof(float));»',
    wrong: '',
  },
  {
    id: 'starts-state-cleared',
    fault: 'the oldest row of the last document is not carried on',
    file: 'kernels/sequence_state.inl',
    at: 'first > 0 ? «past - (rows - first)» : 0',
    wrong: 'past - (rows - first) + 1',
    corrupts: true,
  },
  {
    id: 'conv-rows-cross-documents',
    fault: 'rows that are worked on side by side may belong to two documents',
    file: 'kernels/causal_conv.inl',
    at: '«firstSeen(starts, row + CONV_ROWS - 1) <= t»',
    wrong: 'true',
  },
  {
    id: 'conv-document-in-state',
    fault: 'rows before a document are those of the state',
    file: 'kernels/causal_conv.inl',
    at: 'rowsUpTo<rows.COUNT, WIDTH>(x, row, t, first, D, «zeros», 0)',
    wrong: 'state',
  },
  {
    id: 'delay-document-edge',
    fault: "a document's first row is not seen when it should be",
    file: 'kernels/delay.inl',
    at: 'if (first > 0 && «t - by < first»)',
    wrong: 't - by <= first',
  },
  {
    id: 'delay-grad-document',
    fault: "a document's last rows get gradients from the next one",
    file: 'kernels/delay.inl',
    at: 't + by < seqLen && «firstSeen(starts, row + by) <= t»',
    wrong: 'true',
  },
];
