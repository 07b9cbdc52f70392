import type { TokenFile } from '../data/token-file.ts';
import type { Tokenizer } from '../data/tokenizer/tokenizer.ts';
import type { EvaluationText } from './scorer.ts';

/** Ids read at a time: memory must not grow with a document. */
const PIECE = 1 << 14;

/**
 * The text of a token file to evaluate on: its first `maxTokens` tokens, or all where there are fewer. The last document
 * is cut where the limit falls. A character that is cut there counts as one, with the bytes of it that are covered.
 */
export function tokenText(
  split: string,
  file: TokenFile,
  tokenizer: Tokenizer,
  maxTokens = Number.POSITIVE_INFINITY,
): EvaluationText {
  const count = Math.min(file.tokens, maxTokens);
  const tokens = (): Iterable<Int32Array> => firstTokens(file, count);
  // The header knows the sizes of the whole text only.
  const { characters, bytes } = count === file.tokens ? file.info : textSize(tokens(), tokenizer);
  return { split, eos: file.info.eos, characters, bytes, tokens, count };
}

/** The first `count` tokens, in pieces that are good until the next is asked for. */
export function* firstTokens(file: TokenFile, count: number): Generator<Int32Array> {
  const ids = new Int32Array(Math.min(PIECE, count));
  for (let start = 0; start < count; start += PIECE) {
    const length = Math.min(PIECE, count - start);
    file.read(start, length, ids);
    yield ids.subarray(0, length);
  }
  file.checkUnchanged();
}

/** Added up from the tokens: the text itself is never made. */
function textSize(
  pieces: Iterable<Int32Array>,
  tokenizer: Tokenizer,
): { readonly characters: number; readonly bytes: number } {
  let [characters, bytes] = [0, 0];
  for (const ids of pieces) {
    const size = tokenizer.textSize(ids);
    characters += size.characters;
    bytes += size.bytes;
  }
  return { characters, bytes };
}
