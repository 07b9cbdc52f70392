// The inner loops of kernels, as objdump shows them, and what llvm-mca says of them.
import { execFileSync, spawnSync } from 'node:child_process';

/** Products of one instruction, for those that multiply: a popcount of 16 bytes counts one of two planes of 128. */
const PRODUCTS = [
  [/^v?cnt\s+v\d+\.16b/, 64],
  [/^[su]dot\s+v\d+\.4s/, 16],
  [/^[su]mlal2?\s+v\d+\.8h/, 8],
  [/^bfdot\s+v\d+\.4s/, 8],
  [/^bfmmla\s+v\d+\.4s/, 16],
  [/^fml[as]\s+v\d+\.4s/, 4],
];

const KINDS = [
  ['load', /^(ld|prfm)/],
  ['multiply or count', /^(fml|[su]dot|[su]mlal|bfdot|bfmmla|cnt|mls)/],
  ['vector logic and sum', /^(and|eor|orr|bic|add|sub|mov|dup|movi|[su]adalp|[su]addlp)\s+[vq]/],
  ['branch', /^(b\.|cb|tb|b\s)/],
];

/** Functions of an object file: name, and instructions with their addresses. */
function functionsOf(object) {
  const options = ['-d', '-C', '--no-show-raw-insn', object];
  const text = execFileSync('aarch64-linux-gnu-objdump', options, { encoding: 'utf8', maxBuffer: 1 << 28 });
  const functions = [];
  for (const line of text.split('\n')) {
    const [, name] = /^[0-9a-f]+ <(.*)>:$/.exec(line) ?? [];
    if (name) functions.push({ name, code: [] });
    const [, address, instruction] = /^\s+([0-9a-f]+):\s+(\S.*)$/.exec(line) ?? [];
    if (address) {
      const clean = instruction
        .replace(/\s+\/\/.*$/, '')
        .replaceAll('\t', ' ')
        .trim();
      functions.at(-1)?.code.push({ address: Number.parseInt(address, 16), text: clean });
    }
  }
  return functions;
}

/** Where a branch goes to, or NaN. */
const targetOf = ({ text }) =>
  Number.parseInt(/^(?:b\.\w+|b|cbn?z|tbn?z)\s.*?([0-9a-f]+) <[^>]*/.exec(text)?.[1] ?? '', 16);

const productsOf = (code) =>
  code.reduce((sum, { text }) => sum + (PRODUCTS.find(([pattern]) => pattern.test(text))?.[1] ?? 0), 0);

/** Of the loops that have no other inside, the one with most products. */
function innerLoop({ code }) {
  const loops = code.flatMap((end, i) => {
    const start = code.findIndex(({ address }) => address === targetOf(end));
    return start >= 0 && start <= i ? [{ start, end: i }] : [];
  });
  const bodies = loops
    .filter((a) => !loops.some((b) => b !== a && b.start >= a.start && b.end <= a.end))
    .map(({ start, end }) => code.slice(start, end + 1))
    .sort((a, b) => productsOf(b) - productsOf(a));
  return bodies[0] && productsOf(bodies[0]) > 0 ? bodies[0] : undefined;
}

/** `multiplyTile<8>`, `dotTile<BitSteps, 6>` */
const shortName = (name) =>
  /\b(?:multiplyTile|dotTile)<.*?>(?=\()/.exec(name.replace(/flashlm::|\(anonymous namespace\)::/g, ''))?.[0];

/** The inner loop of each kind of tile in an object, at its full number of rows. */
export function tileLoops(object) {
  const best = new Map();
  for (const fn of functionsOf(object)) {
    const name = shortName(fn.name);
    if (!name) continue;
    const rows = Number(/(\d+)>$/.exec(name)?.[1] ?? 0);
    const kind = name.replace(/,?\s*\d+>$/, '');
    const loop = innerLoop(fn);
    if (loop && rows > (best.get(kind)?.rows ?? 0)) best.set(kind, { name, rows, loop });
  }
  return [...best.values()].map(({ name, loop }) => ({
    name,
    loop,
    instructions: loop.length,
    products: productsOf(loop),
    by: multiplierOf(loop),
    mix: mixOf(loop),
  }));
}

/** The instruction that multiplies: `fmla`, `sdot`, `smlal`, `cnt`. */
const multiplierOf = (loop) =>
  /^[a-z]+/.exec(loop.find(({ text }) => PRODUCTS.some(([pattern]) => pattern.test(text))).text)[0];

function mixOf(loop) {
  const mix = Object.fromEntries([...KINDS.map(([kind]) => [kind, 0]), ['other', 0]]);
  for (const { text } of loop) mix[KINDS.find(([, pattern]) => pattern.test(text))?.[0] ?? 'other']++;
  return mix;
}

/** Cycles of one iteration in the long run on a CPU model; null where llvm-mca does not know its instructions. */
export function cyclesOf(loop, cpu) {
  const body = loop.map(({ text }, i) =>
    i === loop.length - 1 ? text.replace(/[0-9a-f]+ <[^>]*>.*$/, '.Lloop') : text,
  );
  const input = ['.Lloop:', ...body, ''].join('\n');
  const total = (iterations) => {
    const features = '-mattr=+dotprod,+bf16';
    const args = ['-mtriple=aarch64', `-mcpu=${cpu}`, features, `-iterations=${iterations}`];
    const { status, stdout } = spawnSync('llvm-mca', args, { input, encoding: 'utf8' });
    return status === 0 ? Number(/^Total Cycles:\s+(\d+)/m.exec(stdout)?.[1]) : Number.NaN;
  };
  const cycles = (total(300) - total(100)) / 200;
  return Number.isFinite(cycles) ? cycles : null;
}
