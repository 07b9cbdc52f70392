import { realpathSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { opList, opsHeader, tableFill } from './generate-header.ts';
import { opSpecs } from './generate-ops.ts';

/** The committed files of `native/generated` by name, made afresh from the op table. */
export function generate(): ReadonlyMap<string, string> {
  return new Map([
    ['ops.h', opsHeader()],
    ['op_list.inl', opList()],
    ['table.inl', tableFill()],
    ['ops.inl', opSpecs()],
  ]);
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const folder = new URL('./generated/', import.meta.url);
  await mkdir(folder, { recursive: true });
  for (const [name, text] of generate()) await writeFile(new URL(name, folder), text);
}
