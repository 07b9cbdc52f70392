import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readReport } from '../../src/bench/report.ts';
import { FlashError } from '../../src/core/errors.ts';
import { PartFile } from '../../src/data/part-file.ts';
import { prepareData } from '../../src/data/prepare.ts';
import { TokenFile } from '../../src/data/token-file.ts';
import { Tokenizer } from '../../src/data/tokenizer/tokenizer.ts';
import { LockFile } from '../../src/files/lock-file.ts';
import { readSmallFile } from '../../src/files/regular-file.ts';
import { MetricsLog } from '../../src/train/metrics-log.ts';
import { appendSample } from '../../src/train/samples.ts';
import { makePipe } from './pipe.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flashlm-regular-'));
  path = join(folder, 'file');
});
afterEach(() => rmSync(folder, { recursive: true }));

const expected = { bytes: 1, sha256: '0'.repeat(64) };
/** All that opens a file by a name that somebody else may have taken. */
const OPENERS: readonly [string, (path: string) => unknown][] = [
  ['a small file', (path) => readSmallFile(path, 'Cannot read', 9)],
  ['a tokenizer', Tokenizer.load],
  ['a token file', TokenFile.open],
  ['a lock', (path) => LockFile.acquire(path, 'It')],
  ['a part of a download', (path) => PartFile.open(path.replace(/\.part$/, ''), expected)],
  ['a report', readReport],
  ['a metrics log', (path) => MetricsLog.open(path, 0)],
  ['the samples', (path) => appendSample(path, { step: 1, text: '' })],
];

async function refusal(open: (path: string) => unknown): Promise<FlashError> {
  // A part has a name that follows from its target's.
  const error = await Promise.resolve()
    .then(() => open(path))
    .catch((error: unknown) => error);
  expect(error).toBeInstanceOf(FlashError);
  return error as FlashError;
}

describe.skipIf(process.platform === 'win32').each(OPENERS)('%s', (name, open) => {
  beforeEach(() => {
    if (name.startsWith('a part')) path = `${path}.part`;
  });

  it('a pipe instead of a file is not waited for', async () => {
    makePipe(path);
    expect((await refusal(open)).message).toMatch(/no(t a)? regular file|not readable as one/);
    expect(readdirSync(folder).filter((name) => !name.startsWith('file'))).toEqual([]);
  });

  it('a folder or a device instead of a file is refused', async () => {
    mkdirSync(path);
    await refusal(open);
    rmSync(path, { recursive: true });
    symlinkSync('/dev/zero', path);
    await refusal(open);
  });

  it('a name that no file can have is refused', async () => {
    for (const bad of [`${folder}/a\0b`, `${folder}/${'x'.repeat(300)}`]) {
      path = bad;
      await refusal(open);
    }
  });
});

it('a lock is not looked for through a link that leads nowhere', async () => {
  symlinkSync(join(folder, 'nowhere'), path);
  expect((await refusal(OPENERS[3]![1])).message).toMatch(/not readable as one/);
  expect(readdirSync(folder)).toEqual(['file']);
});

it('a file that is too large is not read', async () => {
  writeFileSync(path, '');
  truncateSync(path, 2 ** 33);
  expect((await refusal(Tokenizer.load)).message).toMatch(/too large \(8\.59 GB\)/);
});

it('pipes in place of the entries of a cache only mean that they are made again', async () => {
  const cacheDir = join(folder, 'cache');
  writeFileSync(path, 'one two one two one two\n');
  const options = { files: [path], tokenizer: { type: 'byte_bpe', vocab: 262 }, cacheDir } as const;
  (await prepareData(options)).tokens.close();
  for (const kind of ['hashes', 'tokenizers', 'tokens']) {
    for (const name of readdirSync(join(cacheDir, kind))) {
      rmSync(join(cacheDir, kind, name));
      makePipe(join(cacheDir, kind, name));
    }
  }
  const { tokens, cached, notices } = await prepareData(options);
  tokens.close();
  expect(cached).toEqual({ tokenizer: false, tokens: false });
  expect(notices.join('\n')).toMatch(
    /tokenizer again.*not a regular file.*\n.*token file again.*not a regular file/,
  );
});
