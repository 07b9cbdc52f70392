import fc from 'fast-check';
import { byteLevelPreTokenizer } from 'tokenizers';
import { describe, expect, it } from 'vitest';
import { MAX_WORD_BYTES, wordEnd } from '../../src/data/tokenizer/pre-tokenizer.ts';
import { CLASSES, LETTER, NUMBER, OTHER, SPACE } from '../../src/data/tokenizer/unicode-classes.ts';
import { ODD_TEXT } from './workshop.ts';

const oracle = byteLevelPreTokenizer(false, true);

function words(text: string): string[] {
  const bytes = Buffer.from(text);
  const result: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = wordEnd(bytes, at, bytes.length);
    result.push(bytes.toString('utf8', at, end));
    at = end;
  }
  return result;
}

/** Bytes of the oracle's words: it writes them in the byte alphabet, one character a byte. */
function oracleLengths(text: string): number[] {
  return oracle.preTokenizeString(text).map(([word]) => word.length);
}

function lengths(text: string): number[] {
  return words(text).map((word) => Buffer.byteLength(word));
}

describe('wordEnd splits as the ByteLevel pre-tokenizer', () => {
  it('wordEnd splits odd text as the ByteLevel pre-tokenizer', () => {
    expect(lengths(ODD_TEXT)).toEqual(oracleLengths(ODD_TEXT));
    expect(words("we'll  go\n")).toEqual(['we', "'ll", ' ', ' go', '\n']);
  });

  it('wordEnd splits random text as the ByteLevel pre-tokenizer', () => {
    const unit = fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(..." \n\t'srvelmdt1a!é日\u00a0\u3000") },
      { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }) },
    );
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 60 }), (units) => {
        const text = units.join('');
        expect(lengths(text)).toEqual(oracleLengths(text));
      }),
      { seed: 11, numRuns: 500 },
    );
  });

  it('wordEnd classifies every code point as the ByteLevel pre-tokenizer: letter, number, white space or other', () => {
    // Where JavaScript's own classes agree with the table there are two independent witnesses. They can't agree
    // everywhere, since theirs grow with the engine's Unicode version: those code points the oracle decides.
    const engine = [
      /^[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]$/u,
      /^\p{L}$/u,
      /^\p{N}$/u,
    ];
    let disputed = '';
    for (let code = 0; code < 0x110000; code++) {
      const char = String.fromCodePoint(code);
      const theirs = engine.findIndex((pattern) => pattern.test(char)) + 1;
      // Between a letter and a number each class is split differently: "a?1", "a" "?1", "a" "?" "1".
      if ((CLASSES[code] ?? OTHER) !== theirs) disputed += `a${char}1!`;
    }
    expect([OTHER, SPACE, LETTER, NUMBER]).toEqual([0, 1, 2, 3]);
    expect(disputed.length).toBeLessThan(50_000);
    expect(lengths(disputed)).toEqual(oracleLengths(disputed));
  });

  it.each([
    ['letters', 'x'.repeat(MAX_WORD_BYTES), 'xx'],
    ['letters after a blank', ` ${'x'.repeat(MAX_WORD_BYTES - 1)}`, 'xx'],
    ['white space', ' '.repeat(MAX_WORD_BYTES), '  '],
    ['characters of three bytes, none of them cut', '字'.repeat(Math.ceil(MAX_WORD_BYTES / 3)), '字字'],
  ])('wordEnd cuts words longer than MAX_WORD_BYTES: %s', (_, word, rest) => {
    const bytes = Buffer.from(word + rest);
    const length = Buffer.byteLength(word);
    expect(wordEnd(bytes, 0, length)).toBe(length);
    expect(wordEnd(bytes, 0, bytes.length)).toBe(length);
  });
});
