import { readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { FlashError } from '../../../src/core/errors.ts';
import { runInProcess } from '../../cli/fake-terminal.ts';
import { VALID } from '../../recipes/valid-recipe.ts';
import { setTrap, TRAPS } from '../sandbox.ts';
import { demand, target } from '../target.ts';

/** Trains for one step; the library's recipes would train for hours. */
const SMALL = `${VALID.replace(
  'source: sample, seq_len: 16, batch: 4',
  'source: text.txt, seq_len: 4, batch: 2',
)
  .replaceAll('300', '262')
  .replace('steps: 20', 'steps: 1')}sample: { max_tokens: 3 }\n`;

const FILES = [
  'small.yaml',
  'text.txt',
  'run',
  'run/checkpoints/step-00000001',
  'no-such',
  'no-such.yaml',
  '.',
  '..',
  '/',
  '',
  ' ',
  '-',
  'a\0b',
  '\u001b[2J',
  '\ud800',
  'x'.repeat(5000),
  'small.yaml/x',
  '/dev/null',
  '/dev/zero',
  'runs',
  '__proto__',
  // Data may be as large as it likes, and is read as long as that takes.
  ...TRAPS.filter((trap) => trap !== 'huge').map((trap) => `traps/${trap}`),
];
/** A person may have a run written anywhere; only what lies inside is watched for what else is written. */
const OUT = [
  'runs',
  'no/such',
  '',
  '\0',
  '/dev/null',
  'text.txt',
  'traps/pipe',
  'traps/link to itself',
  'x'.repeat(5000),
];
/** None of them makes a command long. */
const NUMBERS = [
  '0',
  '1',
  '2',
  '-1',
  '1.5',
  '1e9',
  'NaN',
  'Infinity',
  '\u0663',
  '99999999999999999999',
  '0x2',
  '',
  ' 2',
  '+2',
];
const TIMES = ['0s', '0.001s', '1', '-5m', '1x', 's', '1e9h'];
const BACKENDS = [
  'reference',
  'native',
  'native:no-such',
  'checked(reference)',
  'checked(',
  '',
  ':',
  '\0',
  '('.repeat(2000),
];
const SETS = [
  'name=x',
  'optimizer.lr=0',
  'optimizer.lr=1e308',
  'a',
  '=',
  'a=',
  'model=[]',
  'backend=x',
  'data.seq_len=999999999',
  '__proto__.x=1',
  'data.source=[]',
  'train.seed=-1',
  'sample.prompt="\\ud800"',
  'data.batch=2147483647',
  'log.every=[[',
  'extends=v61',
  'train=null',
];

/** The flags of each command, with values that suit them and values that do not. */
const FLAGS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  '--data': [FILES],
  '--valid': [FILES],
  '--tokenizer': [FILES],
  '--out': [OUT],
  '--resume': [FILES],
  '--steps': [NUMBERS],
  '--epochs': [NUMBERS],
  '--tokens': [['1', '10', '1k', '1T', '-1', '']],
  '--budget': [TIMES],
  '--threads': [NUMBERS],
  '--backend': [BACKENDS],
  '--set': [SETS],
  '--vocab': [['260', '262', '1', '0', '1e3', '1048577']],
  '--format': [['auto', 'text', 'lines', 'jsonl', 'json', 'x', '']],
  '--text-field': [['text', 'x', '']],
  '--valid-share': [['0.5', '0', '1', 'x', '']],
  '--workers': [['1', '0', '-1', '999', 'x']],
  '--prompt': [['', 'one', '\ud800', '\0', '<|eos|>', 'x'.repeat(3000)]],
  '--prompts': [FILES],
  // A batch that fits takes its memory, a count that is not refused its time.
  '--count': [['0', '1', '3', '-1', 'x', '']],
  '--batch': [['auto', '0', '1', '3', '99999999999999', 'x', '']],
  '--temperature': [NUMBERS],
  '--top-k': [NUMBERS],
  '--top-p': [NUMBERS],
  '--max-tokens': [['0', '1', '3', '-1', 'x']],
  '--seed': [NUMBERS],
  '--json': [],
  '--quiet': [],
  '--filled': [],
  '--debug=x': [],
  '--help': [],
  '--version': [],
  '--no-such': [],
  '--': [],
  '-x': [],
};

const flag = fc.constantFrom(...Object.entries(FLAGS)).chain(([name, values]) =>
  fc
    .tuple(fc.constant(name), ...values.map((choices) => fc.constantFrom(...choices)), fc.boolean())
    .map((parts) => {
      const [words, joined] = [parts.slice(0, -1) as string[], parts.at(-1) as boolean];
      return joined ? [words.join('=')] : words;
    }),
);

/** Measuring takes long: `bench` is only ever asked for what it refuses. */
const command = fc.constantFrom(
  ['train', 'small.yaml'],
  ['train'],
  ['eval', 'run'],
  ['eval'],
  ['generate', 'run'],
  ['generate'],
  ['check', 'small.yaml'],
  ['check'],
  ['data', 'text.txt'],
  ['data'],
  ['doctor'],
  ['bench', '--op', 'no-such'],
  ['bench', '--compare', 'traps/garbage'],
  ['bench', '--compare', 'traps/pipe'],
  ['bench', 'no-such.yaml'],
  ['no-such'],
  [],
);

const commandLine = target<readonly string[]>({
  name: 'command line',
  runs: 120,
  prepare: async (sandbox) => {
    writeFileSync('small.yaml', SMALL);
    writeFileSync('text.txt', 'one two one two one two three\n'.repeat(20));
    for (const trap of TRAPS) setTrap(join(sandbox.inside, 'traps', trap), trap, sandbox);
    const { status } = await runInProcess(['train', 'small.yaml', '--quiet']);
    demand(status === 0, 'the small recipe can be trained');
    renameSync(join('runs', readdirSync('runs')[0]!), 'run');
    const word = fc.oneof(
      { arbitrary: flag, weight: 6 },
      { arbitrary: fc.constantFrom(...FILES).map((file) => [file]), weight: 2 },
      fc.string({ maxLength: 6, unit: 'binary' }).map((text) => [text]),
    );
    return {
      inputs: fc
        .tuple(command, fc.array(word, { maxLength: 4 }))
        .map(([first, rest]) => [...first, ...rest.flat()]),
      feed: async (args) => {
        const { status, stdout, stderr } = await runInProcess(args);
        rmSync('runs', { recursive: true, force: true });
        const said = JSON.stringify(stderr.slice(0, 500));
        demand([0, 1, 2].includes(status), `exit status ${status}`);
        demand(!stderr.includes('unexpected:'), `no bug of ours: ${said}`);
        demand(!/\n\s+at .*:\d+:\d+\)?\n\s+at /.test(stderr), `no stack: ${said}`);
        demand(!/(?![\n\t])\p{Cc}/u.test(stderr), `nothing that a terminal obeys: ${said}`);
        demand(status === 0 || stderr !== '' || stdout !== '', 'a failure is told');
        if (status !== 0) throw new FlashError(`exit status ${status}`);
      },
    };
  },
});

export const CLI_TARGETS = [commandLine];
