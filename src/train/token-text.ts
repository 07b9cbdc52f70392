import type { TokenFile } from '../data/token-file.ts';
import type { Tokenizer } from '../data/tokenizer/tokenizer.ts';
import type { EvaluationDocument, EvaluationText } from './evaluate.ts';

/** The documents of a token file, or the first of them up to about `maxTokens` tokens, as text to evaluate on. */
export function tokenText(
  split: string,
  file: TokenFile,
  tokenizer: Tokenizer,
  maxTokens = Number.POSITIVE_INFINITY,
): EvaluationText {
  const whole = file.tokens <= maxTokens;
  const { characters, bytes } = whole ? file.info : textSize(file, tokenizer, maxTokens);
  return { split, eos: file.info.eos, characters, bytes, documents: () => documents(file, maxTokens) };
}

function* documents(file: TokenFile, maxTokens: number): Generator<EvaluationDocument> {
  for (const { start, end } of file.documents()) {
    // One document at least, whole documents only.
    if (start > 0 && end > maxTokens) break;
    yield { length: end - start, read: (from, count, out, at) => file.read(start + from, count, out, at) };
  }
  file.checkUnchanged();
}

/** Ids read at a time. */
const PIECE = 1 << 14;

/** The header knows the sizes of the whole text only. Added up from the tokens: the text itself is never made. */
function textSize(
  file: TokenFile,
  tokenizer: Tokenizer,
  maxTokens: number,
): { characters: number; bytes: number } {
  const ids = new Int32Array(PIECE);
  let [characters, bytes] = [0, 0];
  for (const document of documents(file, maxTokens)) {
    for (let start = 0; start < document.length; start += PIECE) {
      const count = Math.min(PIECE, document.length - start);
      document.read(start, count, ids, 0);
      const size = tokenizer.textSize(ids.subarray(0, count));
      characters += size.characters;
      bytes += size.bytes;
    }
  }
  return { characters, bytes };
}
