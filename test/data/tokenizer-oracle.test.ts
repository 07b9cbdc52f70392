import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Tokenizer as WebTokenizer } from '@huggingface/tokenizers';
import fc from 'fast-check';
import { BPE, byteLevelPreTokenizer, Tokenizer as RustTokenizer } from 'tokenizers';
import { beforeAll, describe, expect, it } from 'vitest';
import { Tokenizer } from '../../src/data/tokenizer/tokenizer.ts';
import {
  ODD_TEXT,
  plainDocuments,
  put,
  sampleTrain,
  sampleValid,
  temporaryFolder,
  trainOn,
} from './workshop.ts';

const folder = temporaryFolder();
let ours: Tokenizer;
let rust: RustTokenizer;
let web: WebTokenizer;

beforeAll(() => {
  ours = trainOn([...plainDocuments(sampleTrain), ODD_TEXT, ODD_TEXT], 1500);
  const json = JSON.stringify(ours);
  rust = RustTokenizer.fromString(json);
  web = new WebTokenizer(JSON.parse(json), {});
});

async function expectSame(text: string): Promise<void> {
  const ids = [...ours.encode(text)];
  expect(ids, JSON.stringify(text)).toEqual((await rust.encode(text)).getIds());
  expect(ours.decode(ids)).toBe(await rust.decode(ids, true));
  expect(ours.decode(ids, { specials: true })).toBe(await rust.decode(ids, false));
}

/** One batch call a property run is fast; a call a text is not. */
async function expectAllSame(texts: string[]): Promise<void> {
  const expected = (await rust.encodeBatch(texts)).map((encoding) => encoding.getIds());
  expect(texts.map((text) => [...ours.encode(text)])).toEqual(expected);
}

describe('ids are those of the Hugging Face tokenizers', () => {
  it('ids of stories are those of the Hugging Face tokenizers', async () => {
    await expectAllSame(plainDocuments(sampleValid));
    for (const text of plainDocuments(sampleValid).slice(0, 10)) {
      expect([...ours.encode(text)]).toEqual(web.encode(text).ids);
    }
  });

  it('ids of odd text are those of the Hugging Face tokenizers, line by line and whole', async () => {
    for (const text of ['', ' ', '\n', ...ODD_TEXT.split('\n'), ODD_TEXT]) await expectSame(text);
  });

  it('ids of text that spells special tokens are those of the Hugging Face tokenizers', async () => {
    const texts = [
      '<|eos|>',
      'a<|eos|>b',
      'the end <|eos|> of it\n<|eos|>\n',
      '<pad><unk><bos><|eos|><|endoftext|>',
      '<<|eos|>>',
      '<|eos|',
      'x <|eos |> <|EOS|> <pad',
      '  <bos>  <bos>\n',
    ];
    for (const text of texts) {
      await expectSame(text);
      expect([...ours.encode(text)]).toEqual(web.encode(text).ids);
    }
    expect([...ours.encode('<pad><unk><bos><|eos|>')]).toEqual([0, 1, 2, 3]);
    expect(ours.eos).toBe(3);
  });

  it('ids of random strings are those of the Hugging Face tokenizers', async () => {
    const unit = fc.oneof(
      fc.constantFrom(
        ...' \n\t\'stranlegd.,!?"1290-<|>',
        '<|eos|>',
        ' the',
        'ing',
        'é',
        '日',
        '😀',
        '\u3000',
      ),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    );
    const text = fc.array(unit, { maxLength: 40 }).map((units) => units.join(''));
    await fc.assert(fc.asyncProperty(fc.array(text, { minLength: 20, maxLength: 20 }), expectAllSame), {
      seed: 5,
      numRuns: 60,
    });
  });

  it('ids in any order decode as in the Hugging Face tokenizers, broken characters and unknown ids included', async () => {
    const ids = fc.array(fc.integer({ min: 0, max: ours.vocabSize + 20 }), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(ids, async (list) => {
        expect(ours.decode(list)).toBe(await rust.decode(list, true));
      }),
      { seed: 6, numRuns: 300 },
    );
  });

  it.skipIf(!process.env.FLASHLM_DATA)(
    'ids of TinyStories are those of the Hugging Face tokenizers (needs FLASHLM_DATA)',
    async () => {
      const path = join(process.env.FLASHLM_DATA!, 'tinystories', 'valid.txt');
      expect(existsSync(path)).toBe(true);
      await expectAllSame([readFileSync(path, 'utf8')]);
    },
  );
});

describe("a file from elsewhere has the Hugging Face tokenizers' ids", () => {
  type Json = Record<string, unknown>;
  type Special = { id: number; content: string; normalized: boolean };
  type Draft = Json & {
    model: Json & { merges: string[][]; vocab: Record<string, number> };
    added_tokens: Special[];
    pre_tokenizer: Json;
    decoder: Json;
  };
  const BYTE_LEVEL = { type: 'ByteLevel', add_prefix_space: true, trim_offsets: false, use_regex: true };
  const template = { type: 'TemplateProcessing', special_tokens: {}, pair: [] as unknown[] };
  const own = [{ Sequence: { id: 'A', type_id: 0 } }];

  /** One more special token after all ids. */
  function addSpecial(draft: Draft, content: string, normalized: boolean): void {
    const id = Object.keys(draft.model.vocab).length;
    draft.model.vocab[content] = id;
    draft.added_tokens.push({ ...draft.added_tokens[0]!, id, content, normalized });
  }

  const SHAPES: [string, (draft: Draft) => void][] = [
    [
      'with merges as strings',
      (d) => void Object.assign(d.model, { merges: d.model.merges.map((pair) => pair.join(' ')) }),
    ],
    [
      'as GPT-2 has it',
      (d) => {
        for (const token of d.added_tokens) token.normalized = true;
        Object.assign(d.model, { continuing_subword_prefix: '', end_of_word_suffix: '', unk_token: '<unk>' });
        Object.assign(d, { post_processor: BYTE_LEVEL, decoder: BYTE_LEVEL });
      },
    ],
    [
      'whose special tokens overlap',
      (d) => {
        addSpecial(d, '<|eos|><pad', false);
        addSpecial(d, '<|eos|><pad><', false);
        addSpecial(d, '<<|', false);
      },
    ],
    [
      'whose special tokens overlap, some of them normalised',
      (d) => {
        addSpecial(d, 'the <|', true);
        addSpecial(d, '<pad><un', true);
        addSpecial(d, 'he e', true);
        addSpecial(d, 'he end o', true);
      },
    ],
    [
      'whose parts are sequences of one',
      (d) => {
        Object.assign(d, {
          normalizer: { type: 'Sequence', normalizers: [] },
          pre_tokenizer: { type: 'Sequence', pretokenizers: [d.pre_tokenizer] },
          decoder: { type: 'Sequence', decoders: [d.decoder] },
          post_processor: { type: 'Sequence', processors: [BYTE_LEVEL, { ...template, single: own }] },
        });
      },
    ],
  ];
  const TEXTS = [
    ODD_TEXT,
    'the end <|eos|> of it\n<|eos|>\n',
    '<pad><unk><bos><|eos|><|endoftext|>',
    '<<|eos|>> <|eos|><pad><unk> <|eos|><pad <|eos|><pad>',
    'the <|eos|> the <| end of the end',
  ];

  it.each(SHAPES)('a tokenizer.json from elsewhere gives the Hugging Face ids: %s', async (_, change) => {
    const draft = structuredClone(ours.toJSON()) as Draft;
    change(draft);
    const loaded = Tokenizer.fromJSON(draft, 'elsewhere.json');
    const oracle = RustTokenizer.fromString(JSON.stringify(draft));
    // What is saved must mean the same once more.
    const again = Tokenizer.fromJSON(JSON.parse(JSON.stringify(loaded)), 'again.json');
    expect(again.fingerprint).toBe(loaded.fingerprint);
    for (const text of TEXTS) {
      const ids = (await oracle.encode(text)).getIds();
      expect([...loaded.encode(text)], text).toEqual(ids);
      expect([...again.encode(text)], text).toEqual(ids);
      expect(loaded.decode(ids)).toBe(await oracle.decode(ids, true));
    }
  });

  it('truncation and padding in a tokenizer.json are not applied, with a notice', () => {
    const draft = structuredClone(ours.toJSON()) as Draft;
    const truncation = { direction: 'Right', max_length: 4, strategy: 'LongestFirst', stride: 0 };
    Object.assign(draft, { truncation, padding: { strategy: { Fixed: 8 }, pad_id: 0, pad_token: '<pad>' } });
    const loaded = Tokenizer.fromJSON(draft, 'elsewhere.json');
    expect(loaded.notices).toEqual([
      "The tokenizer's 'truncation' and 'padding' are ignored: texts are neither cut nor filled up here.",
    ]);
    expect(loaded.encode(ODD_TEXT)).toEqual(ours.encode(ODD_TEXT));
    expect(loaded.fingerprint).toBe(ours.fingerprint);
  });

  it("a notice says that 'normalized' special tokens are matched literally", () => {
    const draft = structuredClone(ours.toJSON()) as Draft;
    draft.added_tokens[3]!.normalized = true;
    const { notices } = Tokenizer.fromJSON(draft, 'elsewhere.json');
    expect(notices).toEqual([expect.stringMatching(/^The tokenizer marks special tokens as 'normalized'/)]);
    expect(ours.notices).toEqual([]);
  });
});

describe('merges are those of the Hugging Face trainer', () => {
  // The npm package trains a vocabulary of 30,000 line by line, merging pairs that occur even once; its ids differ from
  // ours (no special tokens, no alphabet), but their order is the same, and so are all ties.
  async function expectSameMerges(name: string, text: string): Promise<void> {
    const oracle = new RustTokenizer(BPE.empty());
    oracle.setPreTokenizer(byteLevelPreTokenizer(false, true));
    oracle.train([put(folder, `${name}.txt`, text)]);
    const saved = join(folder, `${name}.json`);
    oracle.save(saved);
    const expected = JSON.parse(readFileSync(saved, 'utf8')).model;
    const alphabet = Object.keys(expected.vocab).filter((token) => token.length === 1).length;
    const trained = trainOn(text.match(/[^\n]*\n|[^\n]+/g)!, 260 + 30_000 - alphabet, 1);
    const { model } = trained.toJSON() as { model: { merges: unknown } };
    expect(expected.merges.length).toBeGreaterThan(10);
    expect(model.merges).toEqual(expected.merges);
  }

  it('merges learned from odd text and stories are those of the Hugging Face trainer', async () => {
    await expectSameMerges('odd', ODD_TEXT);
    await expectSameMerges('stories', plainDocuments(sampleValid).slice(0, 20).join('\n'));
  });

  it('merges learned from random text with few letters, with many ties and overlaps, are those of the Hugging Face trainer', async () => {
    let run = 0;
    const text = fc.array(fc.constantFrom(...'aaabbc \n'), { minLength: 200, maxLength: 400 });
    await fc.assert(
      fc.asyncProperty(text, (letters) => expectSameMerges(`few-${run++}`, letters.join(''))),
      { seed: 3, numRuns: 20 },
    );
  });
});

describe('a saved tokenizer', () => {
  it('a saved tokenizer loads everywhere with the same ids and fingerprint', async () => {
    const path = join(folder, 'tokenizer.json');
    await ours.save(path);
    const again = Tokenizer.load(path);
    expect(again.fingerprint).toBe(ours.fingerprint);
    expect(again.encode(ODD_TEXT)).toEqual(ours.encode(ODD_TEXT));
    const loaded = RustTokenizer.fromFile(path);
    expect((await loaded.encode(ODD_TEXT)).getIds()).toEqual([...ours.encode(ODD_TEXT)]);
    expect(loaded.getVocabSize()).toBe(ours.vocabSize);
    expect(trainOn(['another text, another text'], 300).fingerprint).not.toBe(ours.fingerprint);
  });
});
