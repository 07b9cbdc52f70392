// The tables of docs/performance.md of what is measured, from one report:
//   npx flashlm bench --json > report.json; node scripts/performance-table.mjs report.json
import fs from 'node:fs';
import { readOptions } from './options.mjs';

const { positionals } = readOptions(
  'usage: node scripts/performance-table.mjs REPORT   (made by npx flashlm bench --json)',
  { allowPositionals: true },
  (_, reports) => (reports.length === 1 ? undefined : 'Name one report'),
);
const [path] = positionals;
const { machine, limits, ops, steps, date } = JSON.parse(fs.readFileSync(path, 'utf8'));

const percent = (share) => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)}%`;
const rate = (perSecond) =>
  perSecond >= 1e6
    ? `${(perSecond / 1e6).toFixed(2)}M`
    : perSecond.toFixed(0).replace(/\B(?=(\d{3})+$)/g, ',');
const table = (head, rows) =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

/** Rows of a path and precision, a column for each number of threads. */
function stepRows() {
  const keys = [...new Set(steps.map(({ path: way, compute }) => `${way} ${compute}`))];
  const most = Math.max(...steps.map(({ threads }) => threads));
  return keys.map((key) => {
    const mine = steps.filter(({ path: way, compute }) => `${way} ${compute}` === key);
    const all = mine.find(({ threads }) => threads === most);
    const one = mine.find(({ threads }) => threads === 1);
    const [way, ...compute] = key.split(' ');
    const time = all.seconds.median;
    return [
      `${way}, \`compute: ${compute.join(' ')}\``,
      time < 0.1 ? `${(1e3 * time).toFixed(2)} ms` : `${(1e3 * time).toFixed(0)} ms`,
      `**${rate(all.tokensPerSecond)}**`,
      one && one !== all ? rate(one.tokensPerSecond) : '-',
      percent(all.outsideShare),
    ];
  });
}

const PRODUCTS = /^(ternaryMatmul|matmul|headLoss)/;
const name = ({ op, choice, codes }) => {
  const what = [choice, codes && `${codes} codes`].filter(Boolean).join(', ');
  return `\`${op}\`${what ? `, ${what}` : ''}`;
};
function productRows() {
  const seen = new Map();
  for (const op of ops.filter((each) => PRODUCTS.test(each.op) && each.share !== null)) {
    const key = name(op);
    seen.set(key, [...(seen.get(key) ?? []), op]);
  }
  return [...seen].map(([key, results]) => {
    const sorted = [...results].sort((a, b) => a.threads - b.threads);
    const shares = sorted.map(({ share, limit }) => `${percent(share)} of ${limit}`);
    return [key, Object.values(sorted[0].dims).join(' x '), ...shares];
  });
}

const threads = limits.map((each) => each.threads);
console.log(`${machine.cpu}, Node ${machine.node}, ${date.slice(0, 10)}\n`);
console.log(
  table(['v6.1 step of 65,536 tokens', 'time', 'tokens/s', '1 thread', 'outside kernels'], stepRows()),
);
console.log();
console.log(
  table(['product', 'shape', ...threads.map((n) => `${n} thread${n > 1 ? 's' : ''}`)], productRows()),
);
