import { readdirSync, writeFileSync } from 'node:fs';
import { cp, readFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import fc from 'fast-check';
import { BatchSource } from '../../../src/data/batches.ts';
import { CORPUS_FORMATS, Corpus, type CorpusFormat } from '../../../src/data/corpus.ts';
import { prepareData } from '../../../src/data/prepare.ts';
import { TokenFile } from '../../../src/data/token-file.ts';
import { decodeHeader, encodeHeader, HEADER_BYTES } from '../../../src/data/token-file-header.ts';
import { TokenFileWriter } from '../../../src/data/token-file-writer.ts';
import { trainOn } from '../../data/train-on.ts';
import { mutatedBytes } from '../mutated-bytes.ts';
import { setTrap, TRAPS, type Trap } from '../sandbox.ts';
import { demand, target } from '../target.ts';

const SMALL = trainOn(['x'], 260);

const tokenFile = target<{ bytes: Buffer; resealed: boolean }>({
  name: 'token file',
  runs: 400,
  prepare: async () => {
    const writer = await TokenFileWriter.create('good.tokens', SMALL);
    const ids = Uint16Array.from({ length: 500 }, (_, i) => (i % 50 === 49 ? SMALL.eos : 4 + (i % 250)));
    await writer.append({ ids, documents: 10, characters: 490, bytes: 490 });
    await writer.finish(0);
    const good = await readFile('good.tokens');
    return {
      inputs: fc.record({ bytes: mutatedBytes([good]), resealed: fc.boolean() }),
      feed: ({ bytes, resealed }) => {
        const written = resealed ? reseal(bytes) : bytes;
        writeFileSync('bad.tokens', written);
        const file = TokenFile.open('bad.tokens');
        try {
          readAll(file);
          demand(resealed || bytes.equals(good), 'a changed file is noticed');
        } finally {
          file.close();
        }
      },
    };
  },
});

/** Gives a header that can be read the checksum that it needs to be believed. */
function reseal(bytes: Buffer): Buffer {
  const info = decodeHeader(bytes.subarray(0, HEADER_BYTES), bytes.length);
  if (typeof info === 'string') return bytes;
  const body = info.tokens * info.bytesPerId;
  const sums = bytes.subarray(HEADER_BYTES + body);
  return Buffer.concat([encodeHeader(info, sums), bytes.subarray(HEADER_BYTES)]);
}

function readAll(file: TokenFile): void {
  const { vocab, tokens } = file.info;
  const ids = new Int32Array(Math.min(tokens, 1 << 20));
  file.read(0, ids.length, ids);
  demand(
    ids.every((id) => id >= 0 && id < vocab),
    'every id is in the vocabulary',
  );
  for (const { start, end } of file.documents())
    demand(start < end && end <= tokens, 'documents lie in the file');
  const batches = new BatchSource(file, { seqLen: 8, batch: 4, order: 'shuffled', seed: 1 });
  batches.fill(1000, new Int32Array(32), new Int32Array(32));
}

interface Text {
  readonly bytes: Buffer;
  readonly format: CorpusFormat;
  readonly chunkBytes: number;
}

const corpus = target<Text>({
  name: 'text corpus',
  runs: 300,
  prepare: () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
      fc
        .constantFrom(
          '<|endoftext|>',
          '<|endof',
          '\n',
          '\r\n',
          '\r',
          '\n\n\n',
          '\0',
          '\u{feff}',
          ' ',
          'word',
          ' two words',
          '\u00e9',
          '{"text":"a"}\n',
          '{"text":"\\ud800"}\n',
          '{"text":1}\n',
          '{"text":""}\n',
          '[]\n',
          '{"__proto__":{"text":"x"}}\n',
          '{"text":',
          'null\n',
          '\u{1f600}',
        )
        .map((text) => Buffer.from(text)),
      fc
        .constantFrom(
          [0xff],
          [0xed, 0xa0, 0x80],
          [0xf0, 0x9f],
          [0xc0, 0x80],
          [0xef, 0xbb, 0xbf],
          [0xe2, 0x80],
        )
        .map((bytes) => Buffer.from(bytes)),
      fc
        .tuple(fc.constantFrom('a', 'ab ', '\u00e9', '\0', '\r', '\n', '[', '\ufffd'), fc.nat(4000))
        .map(([text, count]) => Buffer.from(text.repeat(count))),
    );
    return {
      inputs: fc.record({
        bytes: fc.array(piece, { maxLength: 12 }).map((pieces) => Buffer.concat(pieces)),
        format: fc.constantFrom(...CORPUS_FORMATS),
        chunkBytes: fc.constantFrom(1, 2, 7, 64, 1000),
      }),
      feed: async ({ bytes, format, chunkBytes }) => {
        writeFileSync('corpus.txt', bytes);
        const read = await Corpus.open(['corpus.txt'], { format });
        const cut = await documentsOf(read, chunkBytes);
        const whole = await documentsOf(read, 1 << 20);
        demand(
          JSON.stringify(cut.documents) === JSON.stringify(whole.documents),
          'chunks do not show in the documents',
        );
        demand(cut.ids.join() === whole.ids.join(), 'chunks do not show in the tokens');
        demand(
          whole.documents.every((text) => text !== ''),
          'no document is empty',
        );
      },
    };
  },
});

/** The documents and their tokens, as they come out of chunks of about this size. */
async function documentsOf(
  corpus: Corpus,
  chunkBytes: number,
): Promise<{ documents: string[]; ids: number[] }> {
  const parts: string[] = [''];
  const ids: number[] = [];
  for await (const { bytes, ends } of corpus.chunks({}, chunkBytes)) {
    const out = new Uint32Array(bytes.length);
    let start = 0;
    for (const end of [...ends, bytes.length]) {
      const isEnd = end !== bytes.length || ends.includes(end);
      if (start < end) {
        parts[parts.length - 1] += new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
          bytes.subarray(start, end),
        );
        ids.push(...out.subarray(0, SMALL.encodeUtf8(bytes, start, end, out, 0)));
      }
      if (isEnd && parts.at(-1) !== '') {
        parts.push('');
        ids.push(SMALL.eos);
      }
      start = end;
    }
  }
  return { documents: parts.filter((part) => part !== ''), ids };
}

interface CacheTraps {
  readonly traps: readonly (readonly [entry: number, trap: Trap])[];
}

const cache = target<CacheTraps>({
  name: 'data cache',
  runs: 60,
  prepare: async (sandbox) => {
    writeFileSync('text.txt', 'one two one two one two\n<|endoftext|>\nthree\n');
    const options = { files: ['text.txt'], tokenizer: { type: 'byte_bpe', vocab: 262 } } as const;
    const good = await prepareData({ ...options, cacheDir: 'good' });
    const { fingerprint } = good.tokenizer;
    good.tokens.close();
    const entries = ['hashes', 'tokenizers', 'tokens'].flatMap((kind) => [
      ...readdirSync(join('good', kind)).map((name) => join(kind, name)),
      kind,
    ]);
    return {
      inputs: fc.record({
        traps: fc.array(fc.tuple(fc.nat(entries.length - 1), fc.constantFrom(...TRAPS)), {
          minLength: 1,
          maxLength: 3,
        }),
      }),
      feed: async ({ traps }) => {
        setTrap('cache', 'nothing', sandbox);
        await cp('good', 'cache', { recursive: true, preserveTimestamps: true });
        // What lies deeper first: a trap in place of a folder has no room for others.
        const isFolder = (entry: number): boolean => !entries[entry]!.includes(sep);
        for (const [entry, trap] of [...traps].sort(
          ([a], [b]) => Number(isFolder(a)) - Number(isFolder(b)),
        )) {
          if (trap !== 'link to a folder' || !isFolder(entry))
            setTrap(join('cache', entries[entry]!), trap, sandbox);
        }
        const { tokenizer, tokens } = await prepareData({ ...options, cacheDir: 'cache' });
        try {
          demand(tokenizer.fingerprint === fingerprint, 'the tokenizer is the same');
          demand(tokens.info.documents === 2, 'the data is the same');
        } finally {
          tokens.close();
        }
      },
    };
  },
});

export const DATA_TARGETS = [tokenFile, corpus, cache];
