// PREDICTS a dense step of v6.1 on a machine that nobody here has, from tile loops and an x64 machine's report.
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { tsImport } from 'tsx/esm/api';

/** Two Kunpeng 920 of 48 cores. Clock, cache and memory are the vendor's figures; the rest is assumed. */
const KUNPENG = {
  cores: 96,
  clock: 2.6e9,
  /** The output tile of NEON's products. */
  tile: { rows: 8, cols: 12 },
  ownCache: 512 * 1024,
  /** 8 channels of DDR4-2933 each; of that 70%. */
  memory: 2 * 8 * 2933e6 * 8 * 0.7,
  /** Seconds to wake two threads, more than here: they are on two sockets. */
  fork: 2e-6,
  /** How many times as long as on the x64 core TypeScript and binding take. */
  typescript: 2.5,
};

/** What v6.1's authors state for 96 such cores, tokens/s. */
const PUBLISHED = 43_000;

const tsconfig = fileURLToPath(new URL('../../tsconfig.json', import.meta.url));
const source = (file) => tsImport(`../../src/${file}`, { parentURL: import.meta.url, tsconfig });

/** Lines of a table, and of what it rests on. */
export async function predictKunpeng(tiles, reportFile) {
  const { readReport } = await source('bench/report.ts');
  const { createNativeBackend } = await source('backends/native/index.ts');
  const { callsOn, predictStep } = await source('bench/prediction.ts');
  const { StreamBatches } = await source('bench/token-stream.ts');
  const { loadRecipe } = await source('recipes/load.ts');
  const { recipeTraining } = await source('compose/recipe-training.ts');
  const { OPS } = await source('core/ops/table.ts');

  const report = readReport(reportFile);
  const limits = report.limits.find(({ threads }) => threads === 1);
  const step = report.steps.find(
    (s) => s.threads === 1 && s.path === 'dense' && (s.compute ?? 'f32') === 'f32',
  );
  if (!limits || !step || report.training.tokens !== 65_536 || !report.training.recipe.startsWith('v6.1'))
    throw new Error(
      'the report needs limits and v6.1 steps in f32 with one thread: npx flashlm bench --json',
    );

  const recipe = await loadRecipe('v61', {});
  const tokens = report.training.tokens;
  const make = recipeTraining(recipe, new StreamBatches(1024, tokens), tokens);
  const variant = { compute: 'f32', make };
  const backend = createNativeBackend({ threads: 1 });
  const one = await callsOn(backend, 1, 'dense', variant);
  const many = await callsOn(backend, KUNPENG.cores, 'dense', variant);

  const rateOf = (by) => {
    const tile = tiles.filter((each) => each.by === by).sort((a, b) => a.cycles.tsv110 - b.cycles.tsv110)[0];
    return (tile.products / tile.cycles.tsv110) * KUNPENG.clock;
  };
  const slower = limits.floatOps / (2 * rateOf('fmla'));
  const flopsOf = (op) =>
    one.calls.reduce(
      (sum, group) => (group.op === op ? sum + group.count * OPS[op].flops(group.dims) : sum),
      0,
    );

  /** An op's seconds on one such core: a product as near to its loop's rate as it is here to the limit, if `by` names it. */
  const secondsOf = ({ op, seconds }, by) => {
    if (!by) return seconds * slower;
    const limit = OPS[op].integer ? limits.integerOps : limits.floatOps;
    const reached = flopsOf(op) / limit / seconds;
    return flopsOf(op) / 2 / rateOf(by) / Math.min(1, reached);
  };
  const assumed = {
    tile: KUNPENG.tile,
    fork: KUNPENG.fork,
    memory: KUNPENG.memory,
    ownCache: KUNPENG.ownCache,
  };
  const { breakdown } = step;
  const predict = (products) => {
    const single = {
      tokens,
      ops: breakdown.ops.map((each) => ({ op: each.op, seconds: secondsOf(each, products[each.op]) })),
      binding: breakdown.binding.seconds * KUNPENG.typescript,
      typescript: breakdown.typescript.seconds * KUNPENG.typescript,
      calls: one.calls,
      idleTypescript: one.idleTypescript,
    };
    const at = (on) => predictStep(single, on, assumed, backend);
    return { single: at(one), all: at(many) };
  };
  const float = { headLoss: 'fmla', ternaryMatmulGradX: 'fmla', ternaryMatmulGradW: 'fmla' };
  const cases = [
    ['forward by popcount, gradients and head float32', { ...float, ternaryMatmul: 'cnt' }],
    [
      'forward by popcount, gradients int8 by sdot, head float32',
      { ...float, ternaryMatmul: 'cnt', ternaryMatmulGradX: 'sdot', ternaryMatmulGradW: 'sdot' },
    ],
  ];
  const rows = cases.map(([name, products]) => {
    const { single, all } = predict(products);
    const share = (seconds) => `${Math.round((100 * seconds) / all.seconds)}%`;
    const rate = (value) => Number(value.toPrecision(2)).toLocaleString('en');
    const parts = `${share(all.kernels)}, ${share(all.forks)}, ${share(all.outside)}`;
    const { op, speedup } = all.slowest;
    return `| ${name} | ${rate(single.tokensPerSecond)} | ${rate(all.tokensPerSecond)} | ${parts} | ${op}, ${speedup.toFixed(0)}x |`;
  });
  backend.dispose();
  return [
    '',
    `PREDICTION, not measured: dense step of v6.1 on ${KUNPENG.cores} cores of Kunpeng 920 at ${KUNPENG.clock / 1e9} GHz`,
    `(published for it on 96 ARM cores: ${PUBLISHED.toLocaleString('en')} tokens/s)`,
    '',
    '| arithmetic | tokens/s, 1 core | tokens/s, all | kernels, waking, outside | longest op |',
    '|---|---|---|---|---|',
    ...rows,
    '',
    'It assumes',
    '- products as near to the cycles of their inner loop as the same op was to its limit on the x64 machine;',
    `- every other kernel ${slower.toFixed(1)} times slower than there: the ratio of the float32 rates;`,
    `- binding and TypeScript, on one core, ${KUNPENG.typescript} times slower; ${KUNPENG.fork * 1e6} µs for each doubling of threads woken;`,
    `- ${(KUNPENG.memory / 1e9).toFixed(0)} GB/s for all cores (70% of 16 channels of DDR4-2933), caches of 512 KiB a core;`,
    '- work cut as the kernels cut it, on static shares; NUMA and other processes left out.',
    `x64 machine: ${report.machine.cpu}, ${limits.isa}, node ${process.version}.`,
  ];
}
