import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readPrompts } from '../../src/data/prompts.ts';
import { put, temporaryFolder } from './workshop.ts';

const folder = temporaryFolder();
let files = 0;
const read = (name: string, content: string | Buffer, field?: string) =>
  readPrompts(put(folder, `${files++}-${name}`, content), field);

describe('a file of prompts', () => {
  it.each([
    ['a prompt a line', 'p.txt', 'a\n  b c \nd'],
    ['a newline at the end, or Windows line ends', 'p.txt', '\ufeffa\r\n  b c \r\nd\r\n'],
    ['an array of strings', 'p.json', '["a", "  b c ",\n"d"]'],
    ['an array of objects', 'p.txt', '[{"text": "a", "n": 1}, {"text": "  b c "},\n{"text": "d"}]'],
    ['JSON lines', 'p.jsonl', '{"text": "a"}\n"  b c "\n{"text": "d"}\n'],
    ['JSON lines under any name', 'p', '{"text": "a"}\n{"text": "  b c "}\n{"text": "d"}'],
    ['blank lines, which are left out', 'p.txt', '\na\n\n  b c \n \nd\n\n'],
    ['blank lines between lines of JSON', 'p.jsonl', '\n"a"\r\n\r\n"  b c "\n\n"d"\n\n'],
    ['a compressed file', 'p.jsonl.gz', gzipSync('{"text": "a"}\n{"text": "  b c "}\n"d"\n')],
  ])('a file of prompts may contain %s', async (_, name, content) => {
    expect(await read(name, content)).toEqual(['a', '  b c ', 'd']);
  });

  it('a file of prompts is text where a line only looks like JSON', async () => {
    expect(await read('p.txt', '[Chapter 1]\n{x')).toEqual(['[Chapter 1]', '{x']);
    expect(await read('p.txt', '{"other": 1}\n[1, 2]')).toEqual(['{"other": 1}', '[1, 2]']);
  });

  it('a file of prompts may have an empty prompt as JSON, and prompts in another field', async () => {
    expect(await read('p.jsonl', '{"q": ""}\n{"q": "a\\nb"}', 'q')).toEqual(['', 'a\nb']);
  });

  it.each([
    ['nothing', 'p.txt', '\n\n', /no prompt in it/],
    ['an empty array', 'p.json', '[]', /no prompt in it/],
    ['another value', 'p.json', '["a", 7]', /neither a string nor.*\n.*, entry 2\n/],
    ['JSON that is cut short', 'p.json', '["a", ', /not a JSON array/],
    [
      'a bad line of JSON',
      'p.jsonl',
      '"a"\n\n{"txt": "b"}',
      /neither a string nor.*\n.*p\.jsonl:3\n.*--text-field/,
    ],
    ['a program', 'p.txt', Buffer.from('\x7fELF'), /it is a program/],
  ])('a file of prompts is refused with its place for %s', async (_, name, content, message) => {
    const error = await read(name, content).then(
      () => undefined,
      (thrown) => thrown,
    );
    expect(error?.lines().join('\n')).toMatch(message);
  });
});
