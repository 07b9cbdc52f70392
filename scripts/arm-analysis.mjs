// What NEON's kernels should reach on an ARM server, without one: node scripts/arm-analysis.mjs [--report FILE]
//
// Compiles the kernels for 64-bit ARM, takes the inner loops of the tiles out of the objects and asks llvm-mca for their
// cycles on two CPU models: tsv110 is the core of the Kunpeng 920. Instructions are counted in the loops, hence per
// product; nothing is run. With --report, a file that `npx flashlm bench --json` wrote on an x64 machine, it also PREDICTS
// the dense step of v6.1 on 96 such cores.
//
// Needs g++-aarch64-linux-gnu and llvm (Debian), which are installed where that is allowed.
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { need, runs } from '../native/need.mjs';
import { predictKunpeng } from './arm/kunpeng.mjs';
import { cyclesOf, tileLoops } from './arm/loops.mjs';
import { readOptions } from './options.mjs';

const root = fileURLToPath(new URL('../', import.meta.url));
const folder = path.join(root, 'native', 'build', 'arm-analysis');
const COMPILER = 'aarch64-linux-gnu-g++';
const CPUS = ['tsv110', 'neoverse-n1'];
const { values } = readOptions('usage: node scripts/arm-analysis.mjs [--report FILE]', {
  options: { report: { type: 'string' } },
});

/** The newest object of a kernel file. */
function objectOf(file) {
  const objects = readdirSync(path.join(folder, 'obj')).filter((name) =>
    new RegExp(`^${file}-[0-9a-f]{12}\\.o$`).test(name),
  );
  if (objects.length !== 1) throw new Error(`expected one object of ${file}, found ${objects.length}`);
  return path.join(folder, 'obj', objects[0]);
}

function kernelFiles() {
  const names = readdirSync(path.join(root, 'native', 'isa', 'overrides'));
  return [
    'neon',
    ...names.filter((name) => /^neon_.*\.cpp$/.test(name)).map((name) => path.basename(name, '.cpp')),
  ];
}

try {
  need(() => runs(COMPILER), COMPILER, 'g++-aarch64-linux-gnu');
  need(() => runs('llvm-mca'), 'llvm-mca', 'llvm');
} catch (error) {
  console.error(`arm-analysis: ${error.message}`);
  process.exit(1);
}
const env = { ...process.env, CXX: COMPILER, TARGET_ARCH: 'arm64' };
execFileSync(process.execPath, ['native/build.mjs', '--out', folder], { cwd: root, stdio: 'inherit', env });

const tiles = kernelFiles().flatMap((file) =>
  tileLoops(objectOf(file)).map((tile) => ({
    ...tile,
    file,
    cycles: Object.fromEntries(CPUS.map((cpu) => [cpu, cyclesOf(tile.loop, cpu)])),
  })),
);
if (!tiles.length) throw new Error('found no tile in the objects');

console.log(
  '\ninner loops (static: instructions of one iteration; llvm-mca: cycles of one in the long run)\n',
);
console.log('| file | tile | products | instructions for 128 products | of them |');
console.log('|---|---|---|---|---|');
for (const { file, name, products, instructions, mix } of tiles) {
  const kinds = Object.entries(mix).filter(([, count]) => count);
  const parts = kinds.map(([kind, count]) => `${kind} ${((128 * count) / products).toFixed(1)}`).join(', ');
  console.log(
    `| ${file} | \`${name}\` | ${products} | ${((128 * instructions) / products).toFixed(1)} | ${parts} |`,
  );
}
console.log(`\n| file | tile | ${CPUS.map((cpu) => `${cpu}: cycles | products a cycle`).join(' | ')} |`);
console.log(`|---|---|${CPUS.map(() => '---|---|').join('')}`);
for (const { file, name, products, cycles } of tiles) {
  const cells = CPUS.map((cpu) =>
    cycles[cpu] === null ? '- | -' : `${cycles[cpu].toFixed(1)} | ${(products / cycles[cpu]).toFixed(1)}`,
  );
  console.log(`| ${file} | \`${name}\` | ${cells.join(' | ')} |`);
}
if (values.report) for (const line of await predictKunpeng(tiles, values.report)) console.log(line);
