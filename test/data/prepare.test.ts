import { execFile } from 'node:child_process';
import {
  appendFileSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { FlashError } from '../../src/core/errors.ts';
import { BatchSource } from '../../src/data/batches.ts';
import { DataCache } from '../../src/data/data-cache.ts';
import {
  type PreparedData,
  type PrepareOptions,
  type PrepareProgress,
  prepareData,
} from '../../src/data/prepare.ts';
import type { TokenFile } from '../../src/data/token-file.ts';
import { BYTE_TO_CHAR } from '../../src/data/tokenizer/byte-alphabet.ts';
import { Tokenizer } from '../../src/data/tokenizer/tokenizer.ts';
import { effort } from '../effort.ts';
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
const bpe = (vocab: number) => ({ type: 'byte_bpe', vocab }) as const;
const opened: TokenFile[] = [];
afterEach(() => {
  for (const file of opened.splice(0)) file.close();
});

async function prepare(options: PrepareOptions): Promise<PreparedData> {
  const data = await prepareData(options);
  opened.push(data.tokens);
  return data;
}

let caches = 0;
const newCache = () => join(folder, `cache-${caches++}`);

function idsOf(tokens: TokenFile): Int32Array {
  const ids = new Int32Array(tokens.tokens);
  tokens.read(0, tokens.tokens, ids);
  return ids;
}

describe('prepareData', () => {
  it('a tokenizer and a token file of older versions are rebuilt once, with a notice', async () => {
    const cacheDir = newCache();
    const options = { files: [sampleTrain], tokenizer: bpe(300), cacheDir };
    const first = await prepare(options);
    expect(first.notices).toEqual([]);
    const cache = await DataCache.open(cacheDir);
    const { sha256 } = await cache.contentHash(sampleTrain);
    const content = [['text', sha256]];
    const { fingerprint } = first.tokenizer;
    // Entries of this version become entries of an older one.
    renameSync(cache.tokenizerPath(2, content, 300, 2), cache.tokenizerPath(1, content, 300, 2));
    renameSync(cache.tokensPath(3, content, fingerprint), cache.tokensPath(1, content, fingerprint));
    expect((await prepare(options)).notices).toEqual([
      "Building the tokenizer again: that in the cache is of version 1, this program's of version 2.",
      "Building the token file again: that in the cache is of version 1, this program's of version 3.",
    ]);
    expect((await prepare(options)).notices).toEqual([]);
  });

  it('prepareData trains a tokenizer and encodes every document, each followed by its end', async () => {
    const cacheDir = newCache();
    const progress: PrepareProgress[] = [];
    const onProgress = (event: PrepareProgress) => void progress.push(event);
    const { tokenizer, tokens, cached, notices } = await prepare({
      files: [sampleTrain],
      tokenizer: bpe(600),
      cacheDir,
      onProgress,
    });
    const documents = plainDocuments(sampleTrain);
    const text = documents.join('');
    expect(tokenizer.vocabSize).toBe(600);
    expect(idsOf(tokens)).toEqual(
      Int32Array.from(documents.flatMap((story) => [...tokenizer.encode(story), tokenizer.eos])),
    );
    expect(tokens.info).toMatchObject({
      documents: documents.length,
      characters: [...text].length,
      bytes: Buffer.byteLength(text),
      replaced: 0,
      vocab: 600,
      fingerprint: tokenizer.fingerprint,
    });
    expect({ cached, notices }).toEqual({ cached: { tokenizer: false, tokens: false }, notices: [] });
    for (const stage of ['hash', 'count', 'encode']) {
      const events = progress.filter((event) => event.stage === stage);
      const total = statSync(sampleTrain).size;
      expect(events.at(-1)).toEqual({ stage, done: total, total });
      expect(events.map(({ done }) => done)).toEqual(events.map(({ done }) => done).sort((a, b) => a - b));
    }
  });

  it('prepareData gives the same bytes for any number of workers', async () => {
    // 6 MB of text: several chunks for every worker, one of the documents longer than a chunk.
    const documents = plainDocuments(sampleTrain);
    const text = [...Array(20).fill(documents.join('\n<|endoftext|>\n')), ODD_TEXT.repeat(3000), ODD_TEXT];
    const files = [put(folder, 'large.txt', text.join('\n<|endoftext|>\n')), sampleValid];
    const results: Buffer[][] = [];
    for (const workers of effort([1, 3], [1, 2, 3])) {
      const cacheDir = newCache();
      await prepare({ files, tokenizer: bpe(700), cacheDir, workers });
      results.push(
        ['tokenizers', 'tokens'].map((name) => {
          const [entry, ...others] = readdirSync(join(cacheDir, name));
          expect(others).toEqual([]);
          return readFileSync(join(cacheDir, name, entry!));
        }),
      );
    }
    for (const result of results) {
      expect(result.map((bytes, i) => bytes.equals(results[0]![i]!))).toEqual([true, true]);
    }
  });

  it('prepareData runs its workers from any working directory, and ends them, even after an error', async () => {
    // A process of its own, started elsewhere: what starts a worker there can't lean on this test's loader. A worker
    // that went on would keep it from ending.
    const prepareUrl = new URL('../../src/data/prepare.ts', import.meta.url).href;
    const bad = put(folder, 'bad.jsonl', '{"text":"fine"}\n{"text":');
    const script = put(
      folder,
      'elsewhere.mjs',
      `import { prepareData } from ${JSON.stringify(prepareUrl)};
       const options = { tokenizer: { type: 'byte_bpe', vocab: 300 }, workers: 2 };
       const data = await prepareData({ files: [${JSON.stringify(sampleValid)}], ...options });
       console.log(data.tokens.info.documents);
       data.tokens.close();
       await prepareData({ files: [${JSON.stringify(bad)}], ...options }).catch((error) => console.log(error.message));`,
    );
    const loader = import.meta.resolve('tsx');
    const options = {
      cwd: folder,
      timeout: 30_000,
      env: { ...process.env, FLASHLM_CACHE: newCache(), NODE_OPTIONS: '' },
    };
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', loader, script], options);
    expect(stdout).toBe(`${plainDocuments(sampleValid).length}\nThe line is not valid JSON\n`);
  });

  it('prepareData encodes validation data with the tokenizer of the training data', async () => {
    const cacheDir = newCache();
    const train = await prepare({ files: [sampleTrain], tokenizer: bpe(500), cacheDir });
    const valid = await prepare({ files: [sampleValid], tokenizer: train.tokenizer, cacheDir });
    expect(valid.tokens.info.fingerprint).toBe(train.tokens.info.fingerprint);
    const first = plainDocuments(sampleValid)[0]!;
    expect(idsOf(valid.tokens).subarray(0, train.tokenizer.encode(first).length)).toEqual(
      train.tokenizer.encode(first),
    );
  });

  it('prepareData keeps the end-of-document id out of documents that spell it', async () => {
    const files = [put(folder, 'spelled.txt', 'a <|eos|> b<|endoftext|><pad><|eos|>')];
    const { tokens, tokenizer } = await prepare({ files, tokenizer: bpe(260), cacheDir: newCache() });
    expect([...tokens.documents()].length).toBe(2);
    expect(tokenizer.decode(idsOf(tokens))).toBe('a <|eos|> b<pad><|eos|>');
  });

  it('prepareData reports data that is too small for the vocabulary, and data that is not UTF-8', async () => {
    const files = [put(folder, 'tiny.txt', Buffer.from([0x61, 0x62, 0x20, 0x61, 0x62, 0xff]))];
    const options = { files, tokenizer: bpe(1024), cacheDir: newCache() };
    const expected = [
      expect.stringMatching(/has 261, the ids from 261 to 1023 stay unused/),
      expect.stringMatching(/Replaced 1 /),
    ];
    expect((await prepare(options)).notices).toEqual(expected);
    expect((await prepare(options)).notices).toEqual(expected);
  });
});

describe('the cache', () => {
  it('the cache is used while nothing changed, whatever the order of runs', async () => {
    const cacheDir = newCache();
    const path = put(folder, 'cached.txt', 'the cat and the hat');
    const options = { files: [path], tokenizer: bpe(262), cacheDir };
    const first = await prepare(options);
    const found = { tokenizer: true, tokens: true };
    expect((await prepare(options)).cached).toEqual(found);
    // Another time stamp or another name: only the content counts.
    utimesSync(path, 1, 1);
    expect((await prepare(options)).cached).toEqual(found);
    const copy = put(folder, 'copy.txt', readFileSync(path));
    expect((await prepare({ ...options, files: [copy] })).cached).toEqual(found);
    // Another size, content, format or vocabulary: another entry.
    expect((await prepare({ ...options, tokenizer: bpe(261) })).cached).toEqual({
      tokenizer: false,
      tokens: false,
    });
    expect((await prepare({ ...options, format: 'lines' })).cached.tokens).toBe(false);
    writeFileSync(path, 'the hat and the cat');
    const changed = await prepare({ ...options, tokenizer: first.tokenizer });
    expect(changed.cached.tokens).toBe(false);
    expect(first.tokenizer.decode(idsOf(changed.tokens))).toBe('the hat and the cat');
  });

  it('the cache notices a replaced file of the same size and modification time', async () => {
    // Long after the file was written, so that its hash is remembered.
    const clock = vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 3_600_000);
    try {
      const path = put(folder, 'replaced.txt', 'one '.repeat(20_000));
      utimesSync(path, 1000, 1000);
      const options = { files: [path], tokenizer: bpe(262), cacheDir: newCache() };
      await prepare(options);
      expect(readdirSync(join(options.cacheDir, 'hashes')).length).toBe(1);
      for (const [word, replace] of [
        ['two ', (text: string) => writeFileSync(path, text)],
        ['six ', (text: string) => renameSync(put(folder, 'new.txt', text), path)],
      ] as const) {
        replace(word.repeat(20_000));
        utimesSync(path, 1000, 1000);
        const { tokens, tokenizer, cached } = await prepare(options);
        expect(cached.tokens).toBe(false);
        expect(tokenizer.decode(idsOf(tokens)).slice(0, 4)).toBe(word);
      }
    } finally {
      clock.mockRestore();
    }
  });

  it('the cache stores no hash of a file written just now, nor of a small one', async () => {
    const clock = vi.spyOn(Date, 'now');
    try {
      const large = put(folder, 'new-large.txt', 'one '.repeat(20_000));
      const options = { files: [large], tokenizer: bpe(262), cacheDir: newCache() };
      const { ctimeMs } = statSync(large);
      clock.mockReturnValue(ctimeMs + 1000);
      await prepare(options);
      expect(readdirSync(join(options.cacheDir, 'hashes'))).toEqual([]);
      clock.mockReturnValue(ctimeMs + 5000);
      await prepare({ ...options, files: [large, put(folder, 'new-small.txt', 'two')] });
      expect(readdirSync(join(options.cacheDir, 'hashes')).length).toBe(1);
    } finally {
      clock.mockRestore();
    }
  });

  it('the cache is found through FLASHLM_CACHE', async () => {
    const cacheDir = newCache();
    process.env.FLASHLM_CACHE = cacheDir;
    try {
      await prepare({ files: [sampleValid], tokenizer: bpe(300) });
    } finally {
      delete process.env.FLASHLM_CACHE;
    }
    expect(readdirSync(join(cacheDir, 'tokens')).length).toBe(1);
  });

  it.each([
    ['a token file cut short', 'tokens', (path: string) => truncateSync(path, 1000)],
    [
      'a token file of something else',
      'tokens',
      (path: string) => writeFileSync(path, 'no tokens at all'.repeat(20)),
    ],
    ['a tokenizer cut short', 'tokenizers', (path: string) => truncateSync(path, 1000)],
    ['a note that is no note', 'hashes', (path: string) => writeFileSync(path, '{"sha256": 5}')],
  ])('the cache rebuilds %s', async (_, name, damage) => {
    const options = { files: [sampleTrain], tokenizer: bpe(300), cacheDir: newCache() };
    const before = idsOf((await prepare(options)).tokens);
    const entries = join(options.cacheDir, name);
    damage(join(entries, readdirSync(entries)[0]!));
    const again = await prepare(options);
    expect(idsOf(again.tokens)).toEqual(before);
    expect(again.notices.length).toBe(name === 'hashes' ? 0 : 1);
    expect((await prepare(options)).notices).toEqual([]);
  });

  it('the cache removes what a killed process left long ago, and nothing that may be in use', async () => {
    const options = { files: [sampleValid], tokenizer: bpe(300), cacheDir: newCache() };
    await prepare(options);
    const entries = join(options.cacheDir, 'tokens');
    const old = put(entries, 'old.tokens.1.tmp', 'half');
    put(entries, 'new.tokens.2.tmp', 'half');
    utimesSync(old, 1, 1);
    await prepare(options);
    expect(readdirSync(entries).filter((name) => name.endsWith('.tmp'))).toEqual(['new.tokens.2.tmp']);
  });

  it('the cache survives two builders at once', async () => {
    const options = { files: [sampleTrain], tokenizer: bpe(400), cacheDir: newCache() };
    const [a, b] = await Promise.all([prepare(options), prepare(options)]);
    expect(idsOf(a.tokens)).toEqual(idsOf(b.tokens));
    for (const name of ['tokenizers', 'tokens', 'hashes']) {
      expect(readdirSync(join(options.cacheDir, name)).length).toBe(1);
    }
  });
});

describe('a vocabulary at the limit of 16 bits', () => {
  /** A tokenizer of pairs of bytes, whose last id is `qz`. */
  function tokenizerOf(vocab: number): Tokenizer {
    const json = trainOn(['x'], 260).toJSON() as {
      model: { vocab: Record<string, number>; merges: [string, string][] };
    };
    const pairs = BYTE_TO_CHAR.flatMap((left) =>
      BYTE_TO_CHAR.map((right) => [left, right] as [string, string]),
    );
    const others = pairs.filter((pair) => pair.join('') !== 'qz').slice(0, vocab - 261);
    for (const [left, right] of [...others, ['q', 'z'] as [string, string]]) {
      json.model.vocab[left + right] = 260 + json.model.merges.length;
      json.model.merges.push([left, right]);
    }
    return Tokenizer.fromJSON(json, 'test');
  }

  it.each([
    [65_536, 2],
    [65_537, 4],
  ])('%i ids take %i bytes each, and the last of them is read back as written', async (vocab, bytesPerId) => {
    const tokenizer = tokenizerOf(vocab);
    const files = [put(folder, 'last.txt', 'qz')];
    const { tokens } = await prepare({ files, tokenizer, cacheDir: newCache() });
    expect(tokens.info).toMatchObject({ vocab, bytesPerId, tokens: 2 });
    expect([...idsOf(tokens)]).toEqual([vocab - 1, tokenizer.eos]);
  });
});

describe('what cannot be prepared', () => {
  it('a tokenizer with more ids than the model is refused, and one with fewer is used with a notice', async () => {
    const { tokenizer } = await prepare({ files: [sampleValid], tokenizer: bpe(300), cacheDir: newCache() });
    const file = join(folder, 'tokenizer.json');
    await tokenizer.save(file);
    const options = { files: [sampleValid], cacheDir: newCache() };
    const same = await prepare({ ...options, tokenizer: { file, vocab: 300 } });
    expect(same.tokenizer.fingerprint).toBe(tokenizer.fingerprint);
    expect(same.notices).toEqual([]);
    const smaller = await prepare({ ...options, tokenizer: { file, vocab: 1024 } });
    expect(smaller.notices).toEqual(['The tokenizer has 300 ids: the ids from 300 to 1023 stay unused.']);
    const byOne = await prepare({ ...options, tokenizer: { file, vocab: 301 } });
    expect(byOne.notices).toEqual(['The tokenizer has 300 ids: the id 300 stays unused.']);
    await expect(prepare({ ...options, tokenizer: { file, vocab: 299 } })).rejects.toThrow(
      'The tokenizer has 300 ids, the model 299',
    );
  });

  it('a cache that cannot be written is an error', async () => {
    const cacheDir = join(put(folder, 'a-file', ''), 'cache');
    await expect(prepare({ files: [sampleValid], tokenizer: bpe(300), cacheDir })).rejects.toThrow(
      /Cannot make the data cache: a part of the path is not a folder/,
    );
  });

  it('impossible settings of data are refused', async () => {
    const options = { files: [sampleValid], cacheDir: newCache() };
    await expect(prepare({ ...options, tokenizer: bpe(12) })).rejects.toThrow(FlashError);
    await expect(prepare({ ...options, tokenizer: bpe(300), workers: 0 })).rejects.toThrow(FlashError);
  });

  it.each([1, 2])(
    'data with an error in it stops %i workers: the error arrives and no file is left',
    async (workers) => {
      const cacheDir = newCache();
      const files = [sampleTrain, put(folder, 'wrong.jsonl', '{"text":"fine"}\n{"text":')];
      const error = await prepare({ files, tokenizer: bpe(300), cacheDir, workers }).catch(
        (reason) => reason,
      );
      expect(error).toBeInstanceOf(FlashError);
      expect(error.where).toBe(`${files[1]}:2`);
      const { tokenizer } = await prepare({ files: [sampleTrain], tokenizer: bpe(300), cacheDir });
      await expect(prepare({ files, tokenizer, cacheDir, workers })).rejects.toThrow(FlashError);
      expect(readdirSync(join(cacheDir, 'tokens')).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    },
  );

  it('a text that is too short is named as the user did, not by its place in the cache', async () => {
    const files = [put(folder, 'short.txt', 'ab'), put(folder, 'short2.txt', 'cd')];
    const { tokens } = await prepare({ files, tokenizer: bpe(300), cacheDir: newCache() });
    const options = { seqLen: 64, batch: 1, order: 'sequential', seed: 1 } as const;
    expect(() => new BatchSource(tokens, options)).toThrow(
      expect.objectContaining({ where: `${files[0]} and 1 more` }),
    );
  });

  it('data that changes while it is read is refused', async () => {
    const path = put(folder, 'moving.txt', 'some text');
    const onProgress = ({ stage }: PrepareProgress) => {
      if (stage === 'encode') appendFileSync(path, ' and more');
    };
    const options = { files: [path], tokenizer: bpe(300), cacheDir: newCache(), onProgress };
    await expect(prepare(options)).rejects.toThrow(/changed while it was read/);
    expect(readdirSync(join(options.cacheDir, 'tokens'))).toEqual([]);
  });

  it('a cancelled preparation stops', async () => {
    const cancel = new AbortController();
    const onProgress = ({ stage }: PrepareProgress) => {
      if (stage === 'count') cancel.abort();
    };
    const options = { files: [sampleTrain], tokenizer: bpe(300), cacheDir: newCache(), onProgress };
    // A single chunk is counted before anyone hears of it; the next stage stops.
    await expect(prepare({ ...options, signal: cancel.signal })).rejects.toThrow(/abort/);
    expect(readdirSync(join(options.cacheDir, 'tokens'))).toEqual([]);
  });
});
