import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { TokenFile } from '../../src/data/token-file.ts';
import { Tokenizer } from '../../src/data/tokenizer/tokenizer.ts';
import { runInProcess } from './fake-terminal.ts';

let dir: string;
let env: NodeJS.ProcessEnv;
let text: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'flashlm-cli-data-'));
  env = { FLASHLM_CACHE: join(dir, 'cache') };
  text = join(dir, 'text.txt');
  await writeFile(text, 'The cat sat on the mat.\n<|endoftext|>\nÄ dog ran to the cat.\n'.repeat(20));
});

afterAll(() => rm(dir, { recursive: true, force: true }));

describe('flashlm data', () => {
  it('data writes the token file and says what it contains and where it is', async () => {
    const { status, stdout, stderr } = await runInProcess(['data', text, '--vocab', '300', '--json'], env);
    expect(stderr).toContain('too small for 300 tokens');
    expect(status).toBe(0);
    const report = JSON.parse(stdout);
    expect(Object.keys(report)).toEqual(['tokenizer', 'splits', 'seconds']);
    const [split] = report.splits;
    expect(split).toMatchObject({ split: 'train', files: [text], documents: 21, cached: false });
    const tokens = TokenFile.open(split.tokenFile);
    tokens.close();
    expect(split).toMatchObject({
      tokens: tokens.tokens,
      characters: tokens.info.characters,
      bytes: tokens.info.bytes,
      tokensPerCharacter: tokens.tokens / tokens.info.characters,
    });
    expect(split.bytes).toBe(split.characters + 20);
  });

  it('data finds an existing token file, and shows it to a person', async () => {
    const { status, stdout } = await runInProcess(['data', text, '--vocab', '300'], env);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^ +documents +characters +text +tokens +tokens\/character\ntrain +21 /);
    expect(stdout).toMatch(/^train tokens .*\.tokens \(was there\)$/m);
    expect(stdout).toContain(text);
  });

  it('data keeps a copy of the tokenizer, which can encode another text', async () => {
    const out = join(dir, 'out');
    const { stdout } = await runInProcess(['data', text, '--vocab', '300', '--out', out, '--json'], env);
    const file = join(out, 'tokenizer.json');
    expect(JSON.parse(stdout).tokenizer.file).toBe(file);
    const { vocabSize } = Tokenizer.load(file);
    const other = join(dir, 'other.jsonl');
    await writeFile(other, '{"text":"A cat."}\n{"text":"A dog."}\n');
    const again = await runInProcess(['data', other, '--tokenizer', file, '--json'], env);
    expect(JSON.parse(again.stdout)).toMatchObject({
      tokenizer: { vocab: vocabSize, file },
      splits: [{ documents: 2, characters: 12 }],
    });
    expect((await readFile(file, 'utf8')).length).toBeGreaterThan(100);
  });

  it.each([
    ['a dataset that is not known', ['tinystorys'], 2, /no dataset called "tinystorys"[\s\S]*tinystories/],
    ['a file that is not there', ['missing.txt'], 1, /no such file[\s\S]*missing\.txt/],
    ['a vocabulary that is no number', ['text.txt', '--vocab', 'many'], 2, /--vocab <n>.*whole number/],
    ['a vocabulary too small for the bytes', ['text.txt', '--vocab', '12'], 2, /12.*not possible/],
    ['a format that is not known', ['text.txt', '--format', 'pdf'], 2, /Allowed choices are auto, text/],
    [
      'a size for a tokenizer that is there already',
      ['text.txt', '--tokenizer', 'tokenizer.json', '--vocab', '4096'],
      2,
      /'--tokenizer <file>' cannot be used with option '--vocab <n>'/,
    ],
  ])('data refuses %s', async (_, args, status, message) => {
    await runInProcess(['data', text, '--vocab', '300', '--out', dir], env);
    const placed = args.map((arg) => (/\.(txt|json)$/.test(arg) ? join(dir, arg) : arg));
    const result = await runInProcess(['data', ...placed], env);
    expect(result.status).toBe(status);
    expect(result.stdout).toBe('');
    expect(result.stderr).toMatch(message);
    expect(result.stderr.trim().split('\n').length).toBeLessThanOrEqual(3);
  });

  it('data says that a text field has no effect without JSON files', async () => {
    const { stderr } = await runInProcess(['data', text, '--vocab', '300', '--text-field', 'story'], env);
    expect(stderr).toMatch(/^The text field 'story' has no effect: no file holds JSON records\.$/m);
  });

  it('data refuses empty files, and files without text', async () => {
    const empty = join(dir, 'empty.txt');
    const blank = join(dir, 'blank.txt');
    await writeFile(empty, '');
    await writeFile(blank, '<|endoftext|>\n<|endoftext|>\n');
    expect(await runInProcess(['data', empty], env)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining(empty),
    });
    expect(await runInProcess(['data', blank], env)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining(blank),
    });
  });

  describe('downloading', () => {
    afterEach(() => vi.unstubAllEnvs());

    it('data reports a server that does not have the file, with its address and a remedy', async () => {
      const server = createServer((_, response) => void response.writeHead(404).end()).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      vi.stubEnv('HF_ENDPOINT', endpoint);
      const result = await runInProcess(['data', 'tinystories', '--out', join(dir, 'download')], env);
      server.close();
      expect(result).toMatchObject({ status: 1, stdout: '' });
      expect(result.stderr).toMatch(/404/);
      expect(result.stderr).toContain(`${endpoint}/datasets/roneneldan/TinyStories`);
      expect(result.stderr).toContain(`HF_ENDPOINT=${endpoint}`);
    });

    it('data reports an endpoint that is not an address as wrong usage', async () => {
      vi.stubEnv('HF_ENDPOINT', 'somewhere');
      const result = await runInProcess(['data', 'tinystories'], env);
      expect(result).toMatchObject({ status: 2, stdout: '', stderr: expect.stringContaining('HF_ENDPOINT') });
    });
  });
});
