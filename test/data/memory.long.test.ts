import { execFile } from 'node:child_process';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { put, sampleTrain, temporaryFolder } from './workshop.ts';

const folder = temporaryFolder();
const MEGABYTE = 2 ** 20;

/** What a file of a shape is made of: its beginning, a piece of about a megabyte many times, its end. */
interface Shape {
  readonly name: string;
  readonly begin?: string;
  readonly piece: string | Buffer;
  readonly end?: string;
  /** Pieces of a little and of much text; default 12 and 100. */
  readonly pieces?: readonly [little: number, much: number];
}

const LINE = 'the quick brown fox jumps\n';
const lines = LINE.repeat(MEGABYTE / LINE.length);
const SHAPES: readonly (readonly [string, Shape])[] = [
  ['stories', { name: 'stories.txt', piece: readFileSync(sampleTrain), pieces: [60, 500] }],
  ['one document', { name: 'one.txt', piece: lines }],
  ['one document without blanks', { name: 'no-blanks.txt', piece: 'aGk7,'.repeat(MEGABYTE / 5) }],
  ['one word', { name: 'word.txt', piece: 'x'.repeat(MEGABYTE), pieces: [4, 20] }],
  ['one line', { name: 'line.txt', piece: lines.replaceAll('\n', ' ') }],
  ['characters beyond ASCII', { name: 'beyond.txt', piece: '字é。'.repeat(MEGABYTE / 8) }],
  [
    'one JSON string',
    {
      name: 'string.jsonl',
      begin: '{"text":"',
      piece: lines.replaceAll('\n', '\\n\\ud83d\\ude00'),
      end: '"}',
    },
  ],
  [
    'one JSON array',
    { name: 'array.json', begin: '[', piece: `${JSON.stringify({ text: lines })},\n`, end: ']' },
  ],
  ['gzip', { name: 'one.gz', piece: gzipSync(lines) }],
];

/** The most memory that a process of its own ever has while it prepares such a text and measures it, in bytes. */
async function peakMemory({ name, begin = '', piece, end = '' }: Shape, count: number): Promise<number> {
  const path = put(folder, `${count}-${name}`, begin);
  for (let i = 0; i < count; i++) appendFileSync(path, piece);
  appendFileSync(path, end);
  const url = (file: string) => JSON.stringify(new URL(`../../src/${file}`, import.meta.url).href);
  const script = put(
    folder,
    `${count}-${name}.mjs`,
    `import { prepareData } from ${url('data/prepare.ts')};
     import { tokenText } from ${url('train/token-text.ts')};
     const tokenizer = { type: 'byte_bpe', vocab: 300 };
     const options = { files: [${JSON.stringify(path)}], tokenizer, workers: 1 };
     const prepared = await prepareData(options);
     const { tokens } = prepared;
     const text = tokenText('train', tokens, prepared.tokenizer, tokens.tokens - 1);
     for (const _ of text.tokens());
     tokens.close();
     console.log(1024 * process.resourceUsage().maxRSS);`,
  );
  const env = { ...process.env, FLASHLM_CACHE: join(folder, `cache-${count}-${name}`), NODE_OPTIONS: '' };
  const args = ['--import', import.meta.resolve('tsx'), script];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env });
  return Number(stdout);
}

it.each(SHAPES)('more text takes no more memory: %s', async (_, shape) => {
  const [little, much] = shape.pieces ?? [12, 100];
  // Neither the text nor its ids (nor, for one word, what the encoder takes for it) would fit in between.
  const most = (await peakMemory(shape, little)) + 70 * MEGABYTE;
  expect(await peakMemory(shape, much)).toBeLessThan(most);
});
