// How long a tokenizer takes to be trained and a text to be encoded, from nothing, beside Hugging Face's `tokenizers`:
// node scripts/tokenizer-race.mjs TEXT [--vocab 1024] [--runs 5] [--python PYTHON]
//
// Needs the build (npm run compile). PYTHON is an interpreter that has `tokenizers`; without it there is no race, only
// our times. Each run is a new process with an empty cache: ours is all of `npx flashlm data`, from the start of Node to
// the token file on disk; the other's begins when its library is loaded, and writes nothing. Both may use every core.
// Merges and ids of both must be the same, or the race fails.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { TokenFile } from '../dist/data/token-file.js';
import { readOptions } from './options.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const { positionals, values } = readOptions(
  'usage: node scripts/tokenizer-race.mjs TEXT [--vocab 1024] [--runs 5] [--python PYTHON]',
  {
    allowPositionals: true,
    options: {
      vocab: { type: 'string', default: '1024' },
      runs: { type: 'string', default: '5' },
      python: { type: 'string' },
    },
  },
  (_, texts) => (texts.length === 1 ? undefined : 'Name one text file'),
);
const text = path.resolve(positionals[0]);
const folder = mkdtempSync(path.join(os.tmpdir(), 'flashlm-race-'));

/** One cold run of ours: seconds of the whole process and of the command in it, and what came of it. */
function ours() {
  const cache = mkdtempSync(path.join(folder, 'cache-'));
  const command = [path.join(here, '..', 'dist', 'cli', 'main.js'), 'data', text];
  const began = performance.now();
  const report = execFileSync(process.execPath, [...command, '--vocab', values.vocab, '--json'], {
    env: { ...process.env, FLASHLM_CACHE: cache },
    encoding: 'utf8',
  });
  const whole = (performance.now() - began) / 1000;
  const { seconds, splits } = JSON.parse(report);
  const [name] = readdirSync(path.join(cache, 'tokenizers'));
  const { model } = JSON.parse(readFileSync(path.join(cache, 'tokenizers', name), 'utf8'));
  const merges = createHash('sha256').update(JSON.stringify(model.merges)).digest('hex');
  return { seconds: { process: whole, command: seconds }, merges, tokenFile: splits[0].tokenFile };
}

function theirs() {
  const ids = path.join(folder, 'ids');
  const args = [path.join(here, 'tokenizer-race.py'), text, values.vocab, ids];
  const env = { ...process.env, TOKENIZERS_PARALLELISM: 'true' };
  return { ...JSON.parse(execFileSync(values.python, args, { env, encoding: 'utf8' })), ids };
}

function requireSame(own, other) {
  if (own.merges !== other.merges) throw new Error('The merges differ');
  const bytes = readFileSync(other.ids);
  const expected = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const tokens = TokenFile.open(own.tokenFile);
  try {
    if (tokens.tokens !== expected.length)
      throw new Error(`There are ${tokens.tokens} ids, not ${expected.length}`);
    const piece = new Int32Array(1 << 16);
    for (let at = 0; at < expected.length; at += piece.length) {
      const count = Math.min(piece.length, expected.length - at);
      tokens.read(at, count, piece);
      for (let i = 0; i < count; i++) {
        if (piece[i] !== expected[at + i])
          throw new Error(`Id ${at + i} is ${piece[i]}, not ${expected[at + i]}`);
      }
    }
    return tokens.tokens;
  } finally {
    tokens.close();
  }
}

function print(name, runs) {
  for (const part of Object.keys(runs[0].seconds)) {
    const sorted = runs.map(({ seconds }) => seconds[part]).sort((a, b) => a - b);
    const [median, least, most] = [sorted.length >> 1, 0, sorted.length - 1].map((i) => sorted[i].toFixed(2));
    console.log(`${name.padEnd(11)}${part.padEnd(8)} ${median} s  (${least} to ${most})`);
  }
}

try {
  console.log(`${os.cpus()[0].model}, ${os.availableParallelism()} CPUs, load ${os.loadavg()[0].toFixed(1)}`);
  const own = [];
  const other = [];
  for (let run = 0; run < Number(values.runs); run++) {
    own.push(ours());
    if (values.python) other.push(theirs());
  }
  console.log(`Node ${process.versions.node}${other.length ? `; ${other[0].versions}` : ''}`);
  console.log(`medians of ${own.length} cold runs, vocabulary ${values.vocab} (least to most):`);
  print('flashlm', own);
  if (other.length) {
    print('tokenizers', other);
    const tokens = requireSame(own[0], other[0]);
    console.log(`The merges and all ${tokens.toLocaleString('en')} ids are the same.`);
  }
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
