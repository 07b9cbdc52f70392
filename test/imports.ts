import { parseSync, Visitor } from 'rolldown/utils';

/** Which rooms (folders of `src`) each room may import: only rooms above it in this list. `index.ts` may import all. */
export const ROOMS: Readonly<Record<string, readonly string[]>> = {
  core: [],
  files: ['core'],
  runtime: ['core'],
  data: ['core', 'files', 'runtime'],
  layers: ['core'],
  optim: ['core'],
  backends: ['core', 'files'],
  train: ['core', 'files', 'runtime', 'data', 'optim'],
  recipes: ['core', 'files', 'runtime', 'data', 'layers', 'optim', 'backends'],
  compose: ['core', 'files', 'runtime', 'optim', 'backends', 'recipes', 'train'],
  verify: ['core', 'files', 'runtime', 'backends', 'recipes', 'train', 'compose'],
  bench: ['core', 'files', 'data', 'backends', 'recipes', 'train', 'compose'],
  app: [
    'core',
    'files',
    'runtime',
    'data',
    'optim',
    'backends',
    'recipes',
    'train',
    'compose',
    'verify',
    'bench',
  ],
  cli: ['core', 'files', 'data', 'backends', 'recipes', 'train', 'compose', 'verify', 'bench', 'app'],
};

interface Import {
  /** Path from `src` of the file that imports, and the line from 1. */
  readonly from: string;
  readonly line: number;
  /** What is imported: a path from `src`, or a module as written (`node:fs`, `zod`). */
  readonly to: string;
  readonly isFile: boolean;
}

/** Where something is in a text. */
interface Span {
  readonly start: number;
  readonly end: number;
}

/** What the import lines of `files` (path from `src` -> text) do that they must not, one sentence each. */
export function importFaults(files: ReadonlyMap<string, string>): string[] {
  const imports = [...files].flatMap(([path, text]) => importsOf(path, text));
  return [...imports.flatMap(upwardFault), ...cycles(imports)];
}

/** Type imports, dynamic imports and workers included; comments and strings are not mistaken for imports. */
function importsOf(from: string, text: string): Import[] {
  const { program, errors } = parseSync(from, text);
  if (errors.length) throw new Error(errors.map(({ codeframe, message }) => codeframe ?? message).join('\n'));
  const found: Import[] = [];
  /** What is computed (`import(name)`) names no module. */
  const add = (module: Span | null): void => {
    const name = module && /^['"`]([^$]+)['"`]$/.exec(text.slice(module.start, module.end))?.[1];
    if (!name) return;
    const isFile = name.startsWith('.');
    const to = isFile ? new URL(name, `file:///${from}`).pathname.slice(1) : name;
    found.push({ from, line: text.slice(0, module.start).split('\n').length, to, isFile });
  };
  const addSource = ({ source }: { readonly source: Span | null }): void => add(source);
  new Visitor({
    ImportDeclaration: addSource,
    ExportNamedDeclaration: addSource,
    ExportAllDeclaration: addSource,
    ImportExpression: addSource,
    TSImportType: addSource,
    NewExpression: ({ callee, arguments: [first] }) => {
      const isFile = first?.type === 'Literal' && /^\..*\.ts$/.test(String(first.value));
      if (isFile && callee.type === 'Identifier' && callee.name === 'URL') add(first);
    },
  }).visit(program);
  return found.sort((a, b) => a.line - b.line);
}

/** Files beside the rooms (`index.ts`) are a room each. */
const roomOf = (path: string): string => path.split('/', 1)[0]!;

function upwardFault({ from, line, to, isFile }: Import): string[] {
  const room = roomOf(from);
  const place = `src/${from}:${line} imports ${isFile ? `src/${to}` : to}`;
  if (!isFile) {
    const isNode = to.startsWith('node:');
    return room === 'core' && isNode
      ? [`${place}, but core must run in a browser: it imports no node: module.`]
      : [];
  }
  if (room === 'index.ts' || roomOf(to) === room) return [];
  const allowed = ROOMS[room];
  if (!allowed) return [`${place}, but test/imports.ts does not know the room ${room}.`];
  if (allowed.includes(roomOf(to))) return [];
  return [`${place}, but ${room} may import ${allowed.length ? allowed.join(', ') : 'no other room'} only.`];
}

/** One sentence for each import that closes a cycle. */
function cycles(imports: readonly Import[]): string[] {
  const byFile = new Map<string, Import[]>();
  for (const each of imports) byFile.set(each.from, [...(byFile.get(each.from) ?? []), each]);
  const done = new Set<string>();
  const way: string[] = [];
  const found: string[] = [];
  const visit = (file: string): void => {
    way.push(file);
    for (const { line, to } of byFile.get(file) ?? []) {
      const at = way.indexOf(to);
      if (at >= 0) found.push(`src/${file}:${line} closes a cycle: ${[...way.slice(at), to].join(' -> ')}.`);
      else if (!done.has(to)) visit(to);
    }
    way.pop();
    done.add(file);
  };
  for (const file of byFile.keys()) if (!done.has(file)) visit(file);
  return found;
}
