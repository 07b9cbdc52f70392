import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { OP_NAMES, OPS } from '../../../src/core/ops/table.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Code that is derived from the op table: it reads fields. */
const FOLDERS = [
  'src/core/ops',
  'src/backends/checked',
  'src/backends/diff',
  'src/backends/timed',
  'src/backends/native',
  'src/bench',
  'src/verify',
  'native',
  'scripts',
  'test/conformance',
  'test/mutations',
  'test/native',
  'test/verify',
];

const NAME = String.raw`\b(?:arg|spec|field|other|each|one|input\.arg)\.name`;
/** How code decides by a name. */
const DECISIONS: readonly (readonly [string, RegExp])[] = [
  [
    'compares it with a word',
    new RegExp(
      `${NAME} *[!=]==? *['"\`]|['"\`] *[!=]==? *${NAME}|\\bname *[!=]== *'(?:precision|scale|eps)'`,
    ),
  ],
  [
    'matches it',
    new RegExp(`\\.test\\(${NAME}\\)|${NAME}\\.(?:startsWith|endsWith|includes|match|search)\\(`),
  ],
  ['looks it up in a table of words', new RegExp(`\\b[A-Z][A-Z_]+\\[${NAME}\\]`)],
];

/** `fields.codes`: a field of a group by its name. */
const groupFields = OP_NAMES.flatMap((op) =>
  OPS[op].args.flatMap((arg) => (arg.kind === 'group' ? Object.keys(arg.fields) : [])),
);
const FIELD = new RegExp(`\\bfields\\??\\.(?:${[...new Set(groupFields)].join('|')})\\b`);

const files = (folder: string): string[] =>
  readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.(ts|mjs)$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));

/** The lines of a text that decide by the name of an argument. */
function decisions(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const how =
      DECISIONS.find(([, pattern]) => pattern.test(line))?.[0] ?? (FIELD.test(line) && 'takes a field by it');
    return how ? [`${how}: ${line.trim()}`] : [];
  });
}

describe('code that is derived from the op table', () => {
  it.each(FOLDERS)(
    'code derived from the op table decides nothing by the name of an argument in %s',
    (folder) => {
      const found = files(folder).flatMap((file) =>
        file.endsWith('names.test.ts')
          ? []
          : decisions(readFileSync(join(root, file), 'utf8')).map((line) => `${file} ${line}`),
      );
      expect(found).toEqual([]);
    },
  );

  it.each([
    "  const at = OPS[op].args.findIndex((arg: ArgSpec) => arg.name === 'precision');",
    '  else if (/(^|\\.)(scale|weights)$|^v$/.test(arg.name)) fill = positive;',
    '  inputs.push((SCALARS[arg.name] ?? anyScalar)(random));',
    "  if (input.arg.name.endsWith('.scale')) continue;",
    "  const isPositive = arg.name === 'scale' || arg.name === 'v';",
    "  if (!compute || name !== 'precision') return values;",
    '  packTernary(fields.packed, fields.codes, precision);',
  ])('a decision by name would be found: %s', (line) => {
    expect(decisions(line)).toHaveLength(1);
  });

  it('code may use argument names in messages, and find arguments by reference', () => {
    expect(decisions('fail(arg, described(arg.name)); before.get(arg.name); other.name === packs')).toEqual(
      [],
    );
  });
});
