// Compares the memory that `check` estimates with what training takes: node scripts/compare-memory.mjs [recipe ...]
//
// Each recipe of the library (its small form left out) is trained for two steps on one thread, under /usr/bin/time, whose
// maximum resident set size is the measure; in steps of 8 sequences, but for token-wise models, which compute distinct
// tokens only and need whole steps to meet them all. Prints a Markdown table.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const flashlm = path.join(root, 'bin', 'flashlm.mjs');
const SMALLER = ['--set', 'data.batch=8'];

const library = () =>
  readdirSync(path.join(root, 'src', 'recipes', 'library'))
    .map((file) => path.basename(file, '.yaml'))
    .filter((name) => !name.endsWith('-debug'));

function described(recipe, sets) {
  const args = [flashlm, 'check', recipe, '--json', ...sets, '--set', 'train.threads=1'];
  const stdio = ['ignore', 'pipe', 'ignore'];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8', stdio }));
}

/** Bytes. */
function measured(recipe, sets, cwd) {
  const train = [flashlm, 'train', recipe, '--threads', '1', '--steps', '2', ...sets];
  const args = ['-v', process.execPath, ...train];
  const { status, stderr } = spawnSync('/usr/bin/time', args, { cwd, encoding: 'utf8' });
  const [, kilobytes] = /Maximum resident set size \(kbytes\): (\d+)/.exec(stderr) ?? [];
  if (status !== 0 || !kilobytes) throw new Error(`${recipe} did not train:\n${stderr}`);
  return 1024 * Number(kilobytes);
}

const megabytes = (bytes) => (bytes / 1e6).toFixed(0);
const PARTS = ['parameters', 'optimizer', 'activations', 'scratch', 'batch', 'evaluation', 'process'];

const folder = mkdtempSync(path.join(tmpdir(), 'flashlm-memory-'));
try {
  console.log(`| recipe | ${PARTS.join(' | ')} | estimate | measured | difference |`);
  console.log(`|${'---|'.repeat(PARTS.length + 4)}`);
  for (const recipe of process.argv.length > 2 ? process.argv.slice(2) : library()) {
    const sets = described(recipe, []).tokenWise ? [] : SMALLER;
    const { memory } = described(recipe, sets);
    const peak = measured(recipe, sets, folder);
    const difference = memory.total / peak - 1;
    if (Math.abs(difference) > 0.1) process.exitCode = 1;
    const parts = PARTS.map((part) => megabytes(memory[part])).join(' | ');
    const percent = `${difference < 0 ? '' : '+'}${(100 * difference).toFixed(1)}%`;
    console.log(
      `| \`${recipe}\` | ${parts} | ${megabytes(memory.total)} | ${megabytes(peak)} | ${percent} |`,
    );
  }
} finally {
  rmSync(folder, { recursive: true });
}
