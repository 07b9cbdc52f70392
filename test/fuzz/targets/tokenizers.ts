import { writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { Tokenizer } from '../../../src/data/tokenizer/tokenizer.ts';
import { trainOn } from '../../data/train-on.ts';
import { mutatedBytes } from '../mutated-bytes.ts';
import { mutatedJson } from '../mutated-json.ts';
import { demand, target } from '../target.ts';

const TEXT = 'once upon a time there was a little dog, and the dog was happy; ünïcödé 你好 <|eos|> 123\n';
const SMALL = trainOn([TEXT.repeat(4)], 290);

/** The older form of merges: two tokens in one string. */
function withJoinedMerges(json: unknown): unknown {
  const copy = structuredClone(json) as { model: { merges: string[][] | string[] } };
  copy.model.merges = (copy.model.merges as string[][]).map((pair) => pair.join(' '));
  return copy;
}

/** Text that is well formed comes back as it was; what is not has U+FFFD in its place. */
function roundTrip(tokenizer: Tokenizer, text: string): void {
  const wellFormed = Buffer.from(text, 'utf8').toString('utf8');
  const ids = tokenizer.encode(text);
  demand(
    ids.every((id) => id >= 0 && id < tokenizer.vocabSize),
    'every id is in the vocabulary',
  );
  demand(tokenizer.decode(ids, { specials: true }) === wellFormed, 'decode(encode(text)) is the text');
  const decoder = tokenizer.streamDecoder({ specials: true });
  const streamed = [...ids].map((id) => decoder.push(id)).join('');
  demand(streamed === wellFormed, 'ids decoded one by one give the text');
  // The way of a corpus: special tokens are plain text.
  const bytes = Buffer.from(text, 'utf8');
  const out = new Uint32Array(bytes.length);
  const count = tokenizer.encodeUtf8(bytes, 0, undefined, out, 0);
  const plain = out.subarray(0, count);
  demand(!plain.includes(tokenizer.eos), 'no text holds the end of a document');
  demand(tokenizer.decode(plain) === wellFormed, 'bytes come back too');
}

const tokenizerJson = target<Buffer>({
  name: 'tokenizer.json',
  runs: 200,
  prepare: () => {
    const json = SMALL.toJSON();
    const bases = [json, withJoinedMerges(json)];
    // Most mutations of a vocabulary of 290 hit one of its ids: the rest of the file gets its share this way.
    const small = { ...(json as object), model: { type: 'BPE', vocab: {}, merges: [] } };
    const words = [
      '"merges":[',
      '"a b c"',
      '["a"]',
      '"\\ud800"',
      '-1',
      '1e9',
      '0.5',
      'null',
      ',',
      '"\\u0120t h"',
      '{}',
    ];
    return {
      inputs: fc.oneof(
        mutatedJson(bases).map((text) => Buffer.from(text)),
        mutatedJson([small]).map((text) => Buffer.from(text)),
        mutatedBytes(
          bases.map((base) => Buffer.from(JSON.stringify(base))),
          words,
        ),
      ),
      feed: async (bytes) => {
        writeFileSync('tokenizer.json', bytes);
        const tokenizer = Tokenizer.load('tokenizer.json');
        roundTrip(tokenizer, TEXT);
        await tokenizer.save('again.json');
        const again = Tokenizer.load('again.json');
        demand(again.fingerprint === tokenizer.fingerprint, 'a saved tokenizer is the same');
      },
    };
  },
});

const anyText = target<string>({
  name: 'text to tokens and back',
  runs: 400,
  prepare: () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.string({ unit: 'grapheme', maxLength: 20 }),
      // Code units: half surrogate pairs among them.
      fc.array(fc.nat(0xffff), { maxLength: 20 }).map((units) => String.fromCharCode(...units)),
      fc.constantFrom(
        "'s",
        "'ll",
        '<|eos|>',
        '<pad>',
        '<|eos',
        '\r\n',
        '\u{feff}',
        '\0',
        '  ',
        '\u3000',
        '\u0085',
        TEXT,
      ),
      fc
        .tuple(fc.constantFrom('a', ' ', '\n', '\u00e9', '\ud83d', '\u{1f600}'), fc.nat(3000))
        .map(([c, n]) => c.repeat(n)),
    );
    return {
      inputs: fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join('')),
      feed: (text) => roundTrip(SMALL, text),
    };
  },
});

export const TOKENIZER_TARGETS = [tokenizerJson, anyText];
