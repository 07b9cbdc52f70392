import { FlashError } from '../core/errors.ts';
import type { DocumentReader } from './document-reader.ts';

/** How documents are read by a model whose sequences are bounded. */
export interface Windows {
  /** Most tokens of a document that the model sees at once. */
  readonly context: number;
  /** Tokens from the beginning of a window to that of the next, at most `context`. */
  readonly stride: number;
}

/**
 * What a recipe's `eval` says, with a context of `seqLen` and a stride of half of the context where it says nothing.
 * @throws FlashError for a stride that leaves tokens out.
 */
export function windowsFor(
  { context, stride }: { readonly [key in keyof Windows]?: number | null },
  seqLen: number,
): Windows {
  const rows = context ?? seqLen;
  const windows = { context: rows, stride: stride ?? Math.ceil(rows / 2) };
  if (windows.stride <= rows) return windows;
  throw new FlashError(`A stride of ${windows.stride} would leave out tokens between windows of ${rows}`, {
    remedy: `Set the stride (eval.stride) to at most the context (eval.context), ${rows}.`,
    exitCode: 2,
  });
}

/** A piece of a document that a model reads from a zero state. */
export interface Window {
  /** Its document begins here. */
  readonly first: boolean;
  readonly ids: Int32Array;
  /** For each id the one that follows it. */
  readonly targets: Int32Array;
  readonly rows: number;
  /** Rows that an earlier window has scored. */
  readonly seen: number;
}

/** Divides documents into windows. Every token is scored in one, with at least `context - stride` rows before it or all. */
export function* windowsOf(reader: DocumentReader, { context, stride }: Windows): Generator<Window, void> {
  const overlap = context - stride;
  for (let document = reader.next(); document; document = reader.next()) {
    let before: Window | undefined;
    for (;;) {
      const seen = before ? overlap : 0;
      const ended = reader.fill(document, context - seen);
      const fresh = Math.min(context - seen, document.held);
      if (fresh > 0) {
        const window: Window = {
          first: before === undefined,
          ids: new Int32Array(context),
          targets: new Int32Array(context),
          rows: seen + fresh,
          seen,
        };
        if (before) {
          window.ids.set(before.ids.subarray(stride));
          window.targets.set(before.targets.subarray(stride));
        }
        document.take(fresh, window.ids.subarray(seen), window.targets.subarray(seen));
        before = window;
        yield window;
      }
      if (ended && document.held === 0) break;
    }
  }
}
