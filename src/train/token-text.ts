import type { TokenFile } from '../data/token-file.ts';
import type { Tokenizer } from '../data/tokenizer/tokenizer.ts';
import type { EvaluationText } from './evaluate.ts';

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

function* documents(file: TokenFile, maxTokens: number): Generator<Int32Array> {
  for (const { start, end } of file.documents()) {
    // One document at least, whole documents only.
    if (start > 0 && end > maxTokens) break;
    const ids = new Int32Array(end - start);
    file.read(start, ids.length, ids);
    yield ids;
  }
  file.checkUnchanged();
}

/** The header knows the sizes of the whole text only. */
function textSize(
  file: TokenFile,
  tokenizer: Tokenizer,
  maxTokens: number,
): { characters: number; bytes: number } {
  let [characters, bytes] = [0, 0];
  for (const ids of documents(file, maxTokens)) {
    const text = tokenizer.decode(ids.subarray(0, -1));
    bytes += Buffer.byteLength(text);
    for (const _ of text) characters++;
  }
  return { characters, bytes };
}
