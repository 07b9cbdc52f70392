import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nativeStatus } from '../../src/backends/native/index.ts';
import { COMMANDS } from '../../src/cli/commands/index.ts';
import { runCli } from '../../src/cli/program.ts';
import { libraryNames } from '../../src/recipes/library.ts';
import { loadRecipe } from '../../src/recipes/load.ts';
import { fakeTerminal, runInProcess } from '../cli/fake-terminal.ts';
import { BLOCKS, type Block, INLINE, ROOT } from './blocks.ts';
import { commandsOf, type Words } from './shell.ts';

const LANGUAGES = ['ts', 'yaml', 'sh', 'console', 'text', 'cpp', 'python'];
const ofLanguage = (language: string) =>
  BLOCKS.filter((block) => block.language === language).map((block) => [block.at, block] as const);

it('every block of code in every document says what it is', () => {
  expect(BLOCKS.length).toBeGreaterThan(30);
  expect(BLOCKS.filter(({ language }) => !LANGUAGES.includes(language))).toEqual([]);
  for (const language of LANGUAGES) expect(ofLanguage(language).length, language).toBeGreaterThan(0);
});

/** A folder with the files that the documents tell to write, by the name in their first line. */
const dir = mkdtempSync(join(tmpdir(), 'flashlm-docs-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const FIRST_LINE = /^(?:\/\/|#) (\S+\.(?:ts|yaml))(?:, in (\w+))?\n/;
for (const { text } of BLOCKS) {
  const [, name, part] = FIRST_LINE.exec(text) ?? [];
  if (name && !part && !name.includes('/')) writeFileSync(join(dir, name), text);
}

describe('TypeScript', () => {
  const read = (name: string) => readFileSync(`${ROOT}/${name}`, 'utf8');
  /** Files as the documents say they should be, by name from the root. */
  const changed = new Map<string, string>();
  const quoted: [Block, string][] = [];
  for (const [, block] of ofLanguage('ts')) {
    const [line, name, part] = FIRST_LINE.exec(block.text) ?? [];
    if (!line) throw new Error(`${block.at}: the first line does not name a file`);
    const code = block.text.slice(line.length);
    if (part) {
      const before = changed.get(name!) ?? read(name!);
      const opening = new RegExp(
        `^export (?:interface|const) ${part}\\b.*\\{$|^const ${part}\\b.*\\{$`,
        'm',
      ).exec(before);
      if (!opening) throw new Error(`${block.at}: there is no ${part} in ${name}`);
      const end = opening.index + opening[0].length;
      changed.set(name!, `${before.slice(0, end)}\n${code}${before.slice(end)}`);
    } else if (existsSync(`${ROOT}/${name}`)) quoted.push([block, name!]);
    else changed.set(name!, code);
  }
  // "npm run generate"
  for (const list of ['src/core/ops/entries/index.ts', 'src/backends/reference/kernels.ts'])
    changed.set(list, `${read(list)}export * from './squared-relu.ts';\n`);

  it('TypeScript in the documents compiles where they say to put it', () => {
    const tree = join(dir, 'tree');
    const write = (name: string, text: string) => {
      mkdirSync(dirname(join(tree, name)), { recursive: true });
      writeFileSync(join(tree, name), text);
    };
    // What no document changes is checked where it is.
    for (const folder of ['src', 'test'])
      for (const name of readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }))
        if (name.endsWith('.ts')) write(join(folder, name), `// @ts-nocheck\n${read(join(folder, name))}`);
    for (const name of ['package.json', 'tsconfig.json']) write(name, read(name));
    symlinkSync(join(ROOT, 'node_modules'), join(tree, 'node_modules'), 'junction');
    for (const [name, text] of changed) write(name, text);
    const files = { extends: './tsconfig.json', files: [...changed.keys()], include: [] };
    write('tsconfig.docs.json', JSON.stringify(files));
    const args = [join(ROOT, 'node_modules/typescript/bin/tsc'), '--project', 'tsconfig.docs.json'];
    const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: tree, encoding: 'utf8' });
    expect(`${stdout}${stderr}`).toBe('');
  });

  it('TypeScript quoted from a file is in that file', () => {
    expect(quoted.length).toBeGreaterThan(0);
    for (const [{ at, text }, name] of quoted) expect(read(name), at).toContain(text.replace(FIRST_LINE, ''));
  });
});

describe('YAML', () => {
  it.each(ofLanguage('yaml'))('%s is a recipe, or a part of one', async (at, { text }) => {
    const schema = /^# yaml-language-server: \$schema=\S*node_modules\/flashlm\/(\S+)\n$/.exec(text)?.[1];
    if (schema) return expect(readFileSync(`${ROOT}/package.json`, 'utf8')).toContain(`"./${schema}"`);
    const file = join(dir, `${at.replaceAll(/\W/g, '-')}.yaml`);
    writeFileSync(file, /^(extends|model):/m.test(text) ? text : `extends: v61-debug\n${text}`);
    await expect(loadRecipe(file)).resolves.toBeDefined();
  });
});

/** The real definitions of the commands, which do nothing. */
const parsing = COMMANDS.map((entry) => ({
  ...entry,
  async load() {
    const { define, ...rest } = await entry.load();
    return {
      ...rest,
      define(...[command, terminal]: Parameters<typeof define>) {
        define(command, terminal);
        command.action(() => {});
      },
    };
  },
}));
/** What stands for a number in a command that is shown. */
const PLACEHOLDER = /^N$/;

async function parse(args: Words): Promise<string> {
  const { terminal, stderr } = fakeTerminal();
  const status = await runCli(
    args.map((word) => (PLACEHOLDER.test(word) ? '2' : word)),
    parsing,
    terminal,
  );
  return status === 0 ? '' : stderr.text;
}

const scripts = (JSON.parse(readFileSync(`${ROOT}/package.json`, 'utf8')) as { scripts: object }).scripts;

/** What is wrong with a command of a document; empty where nothing is. */
async function mistake(words: Words): Promise<string> {
  const [program, first, ...rest] = words;
  if (program === 'npx' && first === 'flashlm') {
    const named = rest.slice(1).find((word) => /^v61|^shift/.test(word));
    if (named && !libraryNames().includes(named)) return `there is no recipe ${named}`;
    return parse(rest);
  }
  if (program === 'npm') {
    const script = first === 'run' ? rest[0] : first;
    return script === 'ci' || script === 'install' || Object.hasOwn(scripts, script!)
      ? ''
      : `no script ${script}`;
  }
  const file = program === 'node' ? first : program === 'npx' && first === 'vitest' ? rest[1] : undefined;
  const place = file?.replace(/^node_modules\/flashlm\//, '');
  return place && existsSync(`${ROOT}/${place}`) ? '' : 'a command that no test knows';
}

describe('shell', () => {
  it.each(ofLanguage('sh'))(
    '%s has commands that exist, with options that they have',
    async (_, { text }) => {
      for (const line of text.split('\n')) {
        for (const words of commandsOf(line)) expect(await mistake(words), words.join(' ')).toBe('');
      }
    },
  );

  it('inline commands in the documents exist, with their options', async () => {
    const commands = new Map<string, (string | undefined)[]>();
    for (const { name, load } of COMMANDS) {
      const command = new Command(name).option('--help').option('--debug');
      (await load()).define(command, fakeTerminal().terminal);
      commands.set(
        name,
        command.options.map(({ long }) => long),
      );
    }
    const found = INLINE.filter(({ code }) => /^(npx flashlm|npm run|node) /.test(code));
    expect(found.length).toBeGreaterThan(20);
    const wrong = found.filter(({ code }) => {
      const [program, first, name] = code.split(' ');
      if (program === 'npm') return !Object.hasOwn(scripts, name!);
      if (program === 'node') return !existsSync(`${ROOT}/${first}`);
      const options = name!.startsWith('--') ? ['--version', '--help'] : commands.get(name!);
      const used = commandsOf(code).flatMap((words) => words.filter((word) => word.startsWith('--')));
      return !options || used.some((option) => !options.includes(option.split('=')[0]!));
    });
    expect(wrong).toEqual([]);
  });

  it('shell blocks have only commands that this test can split', () => {
    expect(commandsOf(`npx a 'b c' --x="d e"; node y > z && npm t # x`)).toEqual([
      ['npx', 'a', 'b c', '--x=d e'],
      ['node', 'y'],
      ['npm', 't'],
    ]);
  });
});

describe("a layer of one's own, as the document has it", () => {
  it.each(['gradcheck', 'check'])('the layer in the documents passes %s', async (command) => {
    const { status, stdout, stderr } = await runInProcess([command, join(dir, 'my-layer.yaml')]);
    expect({ status, stderr }, stdout).toEqual({ status: 0, stderr: '' });
  });
});

/** Makes a run of the tutorial short, and the look for leaks before it. */
const SHORT = ['train.steps=2', 'data.seq_len=8', 'data.batch=2', 'eval.tokens=64', 'sample.max_tokens=4'];

describe('the tutorial', () => {
  const before = process.cwd();
  beforeAll(() => process.chdir(dir));
  afterAll(() => process.chdir(before));

  const lines = ofLanguage('sh')
    .filter(([at]) => at.startsWith('docs/tutorial.md:'))
    .flatMap(([, { text }]) => text.trimEnd().split('\n'));

  it('the tutorial has commands to run', () => expect(lines.length).toBeGreaterThan(5));

  it.each(lines)("the tutorial's command works: %s", async (line) => {
    for (const [, , ...args] of commandsOf(line)) {
      const changes = /train|check/.test(args[0]!) ? SHORT.flatMap((change) => ['--set', change]) : [];
      const { status, stdout, stderr } = await runInProcess([...args, ...changes]);
      expect(status, `${stdout}${stderr}`).toBe(0);
    }
  });
});

/** What the documents show the output of, and its input where they do not. */
const WRONG = `name: wrong
optimizer: { type: sgd, lr: 0.01, momentun: 0.9 }
data: { seq_len: 0 }
train: { steps: 1 }
model:
  - embedding: { vocab: 300, dim: 8 }
  - rms_nrom
  - tied_head
`;

describe('output', () => {
  const shown = ofLanguage('console').map(([at, { text }]) => {
    const [command, ...lines] = text.trimEnd().split('\n');
    return [at, commandsOf(command!.replace(/^\$ /, ''))[0]!, lines] as const;
  });

  it.each(shown)('the output in %s is what the command prints', async (_, words, lines) => {
    expect(words.slice(0, 2)).toEqual(['npx', 'flashlm']);
    writeFileSync(join(dir, 'wrong.yaml'), WRONG);
    const args = words.slice(2).map((word) => {
      if (word.endsWith('.yaml')) return join(word.startsWith('examples/') ? ROOT : dir, word);
      return word;
    });
    const { stdout, stderr } = await runInProcess(args);
    const printed = `${stdout}${stderr}`.replaceAll(`${dir}/`, '');
    // Which instruction sets a build has depends on the machine.
    const isas = /\(it has (.*)\)/.exec(lines.join('\n'))?.[1];
    if (
      isas &&
      isas !==
        nativeStatus()
          .isas.map(({ isa }) => isa)
          .join(', ')
    )
      return;
    let from = 0;
    for (const line of lines.filter((one) => one !== '...')) {
      const at = printed.indexOf(line.trimEnd(), from);
      expect(at, `${line}\n--- is not in, or not in this order ---\n${printed}`).toBeGreaterThanOrEqual(from);
      from = at + line.length;
    }
  });
});

/** A program that is there. */
const has = (program: string): boolean => spawnSync(program, ['--version']).status === 0;

describe('other languages', () => {
  it.runIf(has('g++')).each(ofLanguage('cpp'))('%s compiles as a kernel', (_, { text }) => {
    const structOf = 'struct SquaredReluArgs { Matrix<float> out; Matrix<const float> x; };';
    const source = `#include "simd/scalar.h"\n#include "generated/ops.h"\n#include "src/parallel.h"
namespace flashlm { ${structOf} }\n${text}\nauto* used = flashlm::squaredRelu;\n`;
    const includes = ['native', 'native/kernels'].map((folder) => `-I${ROOT}/${folder}`);
    const flags = [
      '-std=c++17',
      '-fsyntax-only',
      '-Wall',
      '-Werror=return-type',
      ...includes,
      '-x',
      'c++',
      '-',
    ];
    const { status, stderr } = spawnSync('g++', flags, { input: source, encoding: 'utf8' });
    expect({ status, stderr }).toMatchObject({ status: 0 });
  });

  it.runIf(has('python3')).each(ofLanguage('python'))('%s is Python', (_, { text }) => {
    expect(() =>
      execFileSync('python3', ['-c', 'import ast, sys; ast.parse(sys.stdin.read())'], { input: text }),
    ).not.toThrow();
  });
});
