import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A piece of code in a document. */
export interface Block {
  /** `docs/data.md:12` */
  readonly at: string;
  readonly language: string;
  readonly text: string;
}

/** Every document, from the root: `docs/data.md`. */
export const DOCUMENTS = ['.', 'docs'].flatMap((folder) =>
  readdirSync(`${ROOT}/${folder}`)
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name)),
);

/** The programs with which a line of shell may begin. */
const PROGRAMS = /^(npx|npm|node) /;

/** What an indented block is in: those have no place for it. */
function languageOf(text: string): string {
  if (/^# \S+\.yaml\n/.test(text)) return 'yaml';
  return PROGRAMS.test(text) ? 'sh' : 'text';
}

function blocksOf(document: string): Block[] {
  const lines = readFileSync(`${ROOT}/${document}`, 'utf8').split('\n');
  const blocks: Block[] = [];
  for (let i = 0; i < lines.length; i++) {
    const fence = /^```(\w*)$/.exec(lines[i]!);
    const begin = i;
    const add = (language: string, body: readonly string[]) =>
      blocks.push({ at: `${document}:${begin + 1}`, language, text: `${body.join('\n')}\n` });
    if (fence) {
      i = lines.indexOf('```', i + 1);
      add(fence[1]!, lines.slice(begin + 1, i));
    } else if (/^ {4}\S/.test(lines[i]!) && lines[i - 1] === '') {
      const next = lines.findIndex((line, at) => at > begin && /^ {0,3}\S/.test(line));
      const end = next < 0 ? lines.length : next;
      const body = lines.slice(begin, end).map((line) => line.slice(4));
      add(languageOf(body.join('\n')), body);
      i = end - 1;
    }
  }
  return blocks;
}

/** Every block of every document. */
export const BLOCKS: readonly Block[] = DOCUMENTS.flatMap(blocksOf);

/** Every piece of inline code, with its document. */
export const INLINE: readonly { readonly at: string; readonly code: string }[] = DOCUMENTS.flatMap((at) => {
  const text = readFileSync(`${ROOT}/${at}`, 'utf8').replaceAll(/^```.*?^```$/gms, '');
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code]) => ({ at, code: code!.replaceAll(/\s+/g, ' ') }));
});
