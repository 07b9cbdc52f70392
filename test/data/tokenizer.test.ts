import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FlashError } from '../../src/core/errors.ts';
import { SPECIAL_TOKENS, Tokenizer } from '../../src/data/tokenizer/tokenizer.ts';
import { ODD_TEXT, put, temporaryFolder, trainOn } from './workshop.ts';

const folder = temporaryFolder();
const tokenizer = trainOn([ODD_TEXT, ODD_TEXT, 'the cat sat on the mat and the hat'], 400);

describe('Tokenizer', () => {
  it('Tokenizer decodes every well-formed text to itself', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        expect(tokenizer.decode(tokenizer.encode(text), { specials: true })).toBe(
          text.replace(/\p{Cs}/gu, '\ufffd'),
        );
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  it('Tokenizer encodes a lone surrogate as U+FFFD', () => {
    expect(tokenizer.decode(tokenizer.encode('a\ud800b'))).toBe('a\ufffdb');
  });

  it('special tokens and bytes have the first ids, and there are fewer ids than requested when the pairs run out', () => {
    const small = trainOn(['ab ab', 'ab'], 1000);
    expect(small.vocabSize).toBe(4 + 256 + 1);
    expect(SPECIAL_TOKENS.map((token) => small.encode(token)[0])).toEqual([0, 1, 2, 3]);
    expect(small.decode([260])).toBe('ab');
    expect(trainOn(['ab ab', 'ab'], 1000, 1).decode([260, 261])).toBe('ab ab');
  });

  it('Tokenizer refuses impossible sizes', () => {
    for (const vocab of [0, 259, 300.5, 2 ** 20 + 1, Number.NaN]) {
      expect(() => trainOn(['text'], vocab)).toThrow(FlashError);
    }
  });

  it('Tokenizer decodes a stream character by character, holding back incomplete ones', () => {
    const text = 'né 日本 😀 \ufeffx';
    const bytesOnly = trainOn(['x'], 260);
    const stream = bytesOnly.streamDecoder();
    const pieces = [...bytesOnly.encode(text)].map((id) => stream.push(id)).filter((piece) => piece !== '');
    expect(pieces).toEqual([...text]);
    // The first byte of a character alone gives nothing; another one shows that it belongs to none.
    const [first] = bytesOnly.encode('😀');
    expect(stream.push(first!)).toBe('');
    expect(stream.push(bytesOnly.encode('x')[0]!)).toBe('\ufffdx');
  });

  it('Tokenizer encodes a million equal letters in linear time, and merges the leftmost pairs', () => {
    const runs = trainOn(['aaaaaaaa aaaaaaaa aaaaaaaa'], 263);
    // In quadratic time it would take hours.
    const ids = runs.encode('a'.repeat(1_000_003));
    const longest = runs.decode([ids[0]!]);
    expect(longest.length).toBeGreaterThan(1);
    expect(ids.length).toBeLessThan(1_000_003 / longest.length + 4);
    expect(runs.decode(ids)).toBe('a'.repeat(1_000_003));
  });

  it('Tokenizer gives the same ids when the word cache overflows', () => {
    // 140,000 distinct words are more than are remembered at once.
    const text = Array.from({ length: 140_000 }, (_, i) => `w${(i * 7919) % 140_009}`).join(' ');
    const whole = tokenizer.encode(`${text} ${text}`);
    const fresh = Tokenizer.fromJSON(tokenizer.toJSON(), 'copy');
    const words = text.split(' ');
    const some = [0, 1, 2, 131_070, 131_071, 131_072, 131_073, 139_999];
    expect(some.map((i) => [...tokenizer.encode(` ${words[i]}`)])).toEqual(
      some.map((i) => [...fresh.encode(` ${words[i]}`)]),
    );
    expect(tokenizer.decode(whole)).toBe(`${text} ${text}`);
  });
});

describe('a foreign or hostile tokenizer.json is refused with its reason', () => {
  type Draft = Record<string, never> & {
    model: { vocab: Record<string, unknown>; merges: unknown[] } & Record<string, unknown>;
    added_tokens: Record<string, unknown>[];
    pre_tokenizer: Record<string, unknown>;
  } & Record<string, unknown>;

  const damages: [what: string, damage: (draft: Draft) => void, message: RegExp][] = [
    ['no model', (d) => void Object.assign(d, { model: null }), /model is null/],
    [
      'another model',
      (d) => {
        d.model.type = 'Unigram';
      },
      /model\.type is "Unigram"/,
    ],
    [
      'dropout',
      (d) => {
        d.model.dropout = 0.1;
      },
      /model\.dropout/,
    ],
    [
      'a normalizer',
      (d) => void Object.assign(d, { normalizer: { type: 'NFC' } }),
      /the normalizer "NFC" changes texts/,
    ],
    [
      'another splitter',
      (d) => {
        d.pre_tokenizer.type = 'Metaspace';
      },
      /the pre_tokenizer is "Metaspace", expected "ByteLevel" alone/,
    ],
    [
      'a prefix space',
      (d) => {
        d.pre_tokenizer.add_prefix_space = true;
      },
      /add_prefix_space/,
    ],
    [
      'no splitting',
      (d) => {
        d.pre_tokenizer.use_regex = false;
      },
      /use_regex/,
    ],
    [
      'a template',
      (d) => void Object.assign(d, { post_processor: { type: 'TemplateProcessing' } }),
      /the post_processor "TemplateProcessing" adds tokens/,
    ],
    [
      'a template that adds a token',
      (d) => {
        const bos = { SpecialToken: { id: '<bos>', type_id: 0 } };
        const single = [bos, { Sequence: { id: 'A', type_id: 0 } }];
        const processors = [{ type: 'ByteLevel' }, { type: 'TemplateProcessing', single, pair: [] }];
        Object.assign(d, { post_processor: { type: 'Sequence', processors } });
      },
      /the post_processor "TemplateProcessing" adds tokens/,
    ],
    [
      'the marks of RoBERTa',
      (d) => void Object.assign(d, { post_processor: { type: 'RobertaProcessing' } }),
      /the post_processor "RobertaProcessing" adds tokens/,
    ],
    [
      'a second splitter, as in Llama 3',
      (d) => {
        const pretokenizers = [{ type: 'Split', pattern: { Regex: 'x' } }, { ...d.pre_tokenizer }];
        Object.assign(d, { pre_tokenizer: { type: 'Sequence', pretokenizers } });
      },
      /the pre_tokenizer is "Split", "ByteLevel", expected "ByteLevel" alone/,
    ],
    ['no splitter', (d) => void Object.assign(d, { pre_tokenizer: null }), /the pre_tokenizer is nothing/],
    [
      'words that are looked up before they are merged',
      (d) => {
        d.model.ignore_merges = true;
      },
      /model\.ignore_merges is true/,
    ],
    [
      'a sequence of no list',
      (d) => void Object.assign(d, { decoder: { type: 'Sequence' } }),
      /decoder\.decoders is nothing, expected an array/,
    ],
    ['a missing byte', (d) => renumber(d, 'q'), /no token for the byte "q"/],
    [
      'a huge id',
      (d) => {
        d.model.vocab.q = 1e9;
      },
      /id of token "q" is 1000000000/,
    ],
    [
      'a negative id',
      (d) => {
        d.model.vocab.q = -1;
      },
      /id of token "q" is -1/,
    ],
    [
      'an id twice',
      (d) => {
        d.model.vocab.q = 77;
      },
      /the id 77 belongs to both/,
    ],
    [
      'a gap',
      (d) => {
        d.model.vocab.q = 900;
      },
      /leaves a gap/,
    ],
    ['a merge of nothing', (d) => void d.model.merges.push(['q', 'zz']), /names "zz"/],
    ['a merge into nothing', (d) => void d.model.merges.push(['q', 'q']), /names "qq"/],
    ['a merge of three', (d) => void d.model.merges.push(['a', 'b', 'c']), /not a pair of tokens/],
    ['a repeated merge', (d) => void d.model.merges.push(d.model.merges[0]), /repeats/],
    ['merges that are no list', (d) => void Object.assign(d.model, { merges: 'a b' }), /merges is "a b"/],
    [
      'two ids for a special',
      (d) => {
        d.added_tokens[0]!.id = 9;
      },
      /has the id 9 and, in the vocabulary, 0/,
    ],
    ['a special twice', (d) => void d.added_tokens.push(d.added_tokens[0]!), /appears twice/],
    [
      'a stripping special',
      (d) => {
        d.added_tokens[0]!.lstrip = true;
      },
      /sets 'lstrip'/,
    ],
    [
      'an unspecial special',
      (d) => {
        d.added_tokens[0]!.special = false;
      },
      /is not special/,
    ],
    ['no end token', (d) => void d.added_tokens.pop(), /no end-of-document token/],
  ];

  function renumber(draft: Draft, without: string): void {
    const tokens = Object.entries(draft.model.vocab)
      .sort((a, b) => Number(a[1]) - Number(b[1]))
      .filter(([token]) => !token.includes(without));
    draft.model.vocab = Object.fromEntries(tokens.map(([token], id) => [token, id]));
    draft.model.merges = [];
  }

  it.each(damages)(
    'a foreign or hostile tokenizer.json is refused with its reason: %s',
    (_, damage, message) => {
      const draft = structuredClone(tokenizer.toJSON()) as Draft;
      damage(draft);
      expect(() => Tokenizer.fromJSON(draft, 'hostile.json')).toThrow(message);
      expect(() => Tokenizer.fromJSON(draft, 'hostile.json')).toThrow(FlashError);
    },
  );

  it('files that are not a tokenizer are refused with the reason', () => {
    expect(() => Tokenizer.load(`${folder}/missing.json`)).toThrow(/Cannot read the tokenizer/);
    expect(() => Tokenizer.load(folder)).toThrow(FlashError);
    expect(() => Tokenizer.load(put(folder, 'broken.json', '{"model":'))).toThrow(/not valid JSON/);
    expect(() => Tokenizer.load(put(folder, 'list.json', '[]'))).toThrow(/expected an object/);
  });

  it('any JSON gives a tokenizer or a FlashError, nothing else', () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.constantFrom('model', 'added_tokens', 'pre_tokenizer', 'decoder'),
        (value, key) => {
          for (const json of [value, { ...(tokenizer.toJSON() as object), [key]: value }]) {
            try {
              Tokenizer.fromJSON(json, 'random');
            } catch (error) {
              expect(error).toBeInstanceOf(FlashError);
            }
          }
        },
      ),
      { seed: 2, numRuns: 300 },
    );
  });

  it('a tokenizer.json may have merges in the old format, and a token called __proto__', () => {
    const draft = structuredClone(tokenizer.toJSON()) as Draft;
    draft.model.merges = (draft.model.merges as string[][]).map((pair) => pair.join(' '));
    expect(Tokenizer.fromJSON(draft, 'old').fingerprint).toBe(tokenizer.fingerprint);
    const python = trainOn(Array(9).fill('__proto__ constructor'), 400);
    expect(Tokenizer.fromJSON(JSON.parse(JSON.stringify(python)), 'p').fingerprint).toBe(python.fingerprint);
  });
});
