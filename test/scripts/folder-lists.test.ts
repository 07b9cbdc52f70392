import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { folderLists } from '../../scripts/folder-lists.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const sorted = (text: string): string[] => text.split('\n').sort();

// The order of its lines means nothing: a merge of two additions may leave them in any.
it.each([...folderLists(root)])('%s lists the files of its folder (npm run generate)', (name, text) => {
  expect(sorted(readFileSync(path.join(root, name), 'utf8'))).toEqual(sorted(text));
});
