import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DOCUMENTS, ROOT } from './blocks.ts';

/** Fenced, indented and quoted code: brackets in it are not links. */
const CODE = /^```.*?^```|^ {4}.*?$|`[^`\n]*`/gms;

/** A heading as a link names it: lower case, spaces as hyphens, without punctuation. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

const headings = (text: string): string[] =>
  [...text.replaceAll(/^```.*?^```/gms, '').matchAll(/^#+ (.*)$/gm)].map(([, heading]) => anchorOf(heading!));

it.each(DOCUMENTS)('every link of %s leads to a file, and to a heading of it', (document) => {
  const text = readFileSync(join(ROOT, document), 'utf8').replaceAll(CODE, '');
  const links = [...text.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)];
  for (const [link, path, anchor] of links) {
    const target = path ? join(document, '..', path) : document;
    expect(existsSync(join(ROOT, target)), `${link}: there is no ${target}`).toBe(true);
    if (anchor) expect(headings(readFileSync(join(ROOT, target), 'utf8')), link).toContain(anchor);
  }
});
