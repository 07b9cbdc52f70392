// Does training in less than float32 cost quality? Trains recipes with each compute and several seeds through the
// command line, and prints the validation scores as a Markdown table:
//   node scripts/compare-compute.mjs --data train.txt --valid valid.txt [--steps 2000] [--runs DIR]
// Without --data it takes the built-in sample, whose last documents are its validation text. With --runs, what is
// finished there is not trained again: give it the folder of a comparison that was interrupted. It knows the options
// of what lies there, and nothing of kernels or texts that have changed since.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { tsImport } from 'tsx/esm/api';
import { readOptions } from './options.mjs';

const repository = fileURLToPath(new URL('..', import.meta.url));
const COMPUTES = ['f32', 'bf16', 'int8'];

const USAGE =
  'usage: node scripts/compare-compute.mjs [--data FILES] [--valid FILES] [--steps 2000] [--seeds 3] [--recipe NAMES] [--runs DIR]';
const { values } = readOptions(
  USAGE,
  {
    options: {
      data: { type: 'string', multiple: true },
      valid: { type: 'string', multiple: true },
      steps: { type: 'string', default: '2000' },
      seeds: { type: 'string', default: '3' },
      recipe: { type: 'string', multiple: true, default: ['v61', 'v61-a8'] },
      backend: { type: 'string', default: 'native' },
      threads: { type: 'string' },
      runs: { type: 'string' },
    },
  },
  (given) => {
    const wrong = ['steps', 'seeds', 'threads'].find((name) => !/^[1-9]\d*$/.test(given[name] ?? '1'));
    return wrong && `--${wrong} must be a whole number of at least 1, not ${given[wrong]}`;
  },
);

/** What would end a training that others had waited for, hours of them: a recipe or a text that can't be used. */
async function mistakeIn(name) {
  const tsconfig = path.join(repository, 'tsconfig.json');
  const source = (file) => tsImport(`../src/${file}`, { parentURL: import.meta.url, tsconfig });
  const [{ loadRecipe }, { runTexts }, { settings }] = await Promise.all(
    ['recipes/load.ts', 'app/run-data.ts', 'cli/train-settings.ts'].map(source),
  );
  const { data, valid, backend } = values;
  try {
    const texts = await runTexts(await loadRecipe(name, { set: settings({ data, valid, backend }) }));
    if (!texts.valid) return `There is no validation text for ${name}: name one with --valid.`;
    const missing = [...texts.train.files, ...texts.valid.files].find((file) => !fs.existsSync(file));
    return missing && `There is no file ${missing}`;
  } catch (error) {
    return error.lines?.().join('\n') ?? error.message;
  }
}

for (const name of values.recipe) {
  const mistake = await mistakeIn(name);
  if (!mistake) continue;
  console.error(mistake);
  process.exit(2);
}

const runs = path.resolve(values.runs ?? fs.mkdtempSync(path.join(tmpdir(), 'flashlm-compare-')));

/** The arguments of `npx flashlm train` for one run; its folder is named after all of them. */
function trainArguments(recipe, compute, seed) {
  const files = (flag, names) => (names ? [flag, ...names] : []);
  const sets = [
    `compute=${compute}`,
    `train.seed=${seed}`,
    'eval.every=null',
    'sample.every=null',
    'checkpoint.every=null',
  ];
  return [
    recipe,
    ...['--steps', values.steps, '--backend', values.backend],
    ...(values.threads ? ['--threads', values.threads] : []),
    ...sets.flatMap((set) => ['--set', set]),
    ...files('--data', values.data),
    ...files('--valid', values.valid),
  ];
}

let finishedRuns = 0;

/** Trains, unless that was done before. @returns what the run's events say of its end. */
async function train(recipe, compute, seed) {
  const args = trainArguments(recipe, compute, seed);
  const hash = createHash('sha256').update(JSON.stringify(args)).digest('hex').slice(0, 12);
  const folder = path.join(runs, `${recipe}-${compute}-${seed}-${hash}`);
  const finished = path.join(folder, 'events.jsonl');
  const reused = fs.existsSync(finished);
  if (!reused) {
    fs.rmSync(folder, { recursive: true, force: true });
    fs.mkdirSync(folder, { recursive: true });
    const main = path.join(repository, 'src', 'cli', 'main.ts');
    const command = [
      '--import',
      import.meta.resolve('tsx'),
      main,
      'train',
      ...args,
      '--out',
      folder,
      '--json',
    ];
    const { stdout } = await promisify(execFile)(process.execPath, command, {
      env: { ...process.env, TSX_TSCONFIG_PATH: path.join(repository, 'tsconfig.json') },
      maxBuffer: 2 ** 30,
    }).catch(({ stderr }) => {
      console.error(stderr.trim());
      if (values.runs || finishedRuns) console.error(`What is finished lies in --runs ${runs}`);
      else fs.rmSync(runs, { recursive: true });
      process.exit(1);
    });
    // By one rename, so that it is there only when the run is over.
    fs.writeFileSync(`${finished}.part`, stdout);
    fs.renameSync(`${finished}.part`, finished);
  }
  finishedRuns++;
  const result = outcome(fs.readFileSync(finished, 'utf8'));
  const figures = `BPC ${result.bpc.toFixed(4)}, ${result.seconds.toFixed(0)} s of training`;
  console.error(`${recipe} ${compute} seed ${seed}: ${figures}${reused ? ' (from before)' : ''}`);
  return result;
}

function outcome(text) {
  const events = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const { step, seconds } = events.at(-1);
  const last = (split) =>
    events.findLast((event) => event.event === 'eval' && event.split === split && event.step === step);
  const { path: way, backend, compute } = events.findLast(({ event }) => event === 'step');
  const [valid, trained] = [last('valid'), last('train')];
  const aboveFloor = trained.floor === null ? trained.loss : trained.loss - trained.floor;
  return { bpc: valid.bpc, aboveFloor, seconds, path: way, backend, compute };
}

const mean = (numbers) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
const spread = (numbers) => Math.max(...numbers) - Math.min(...numbers);
const signed = (number, digits) => `${number < 0 ? '-' : '+'}${Math.abs(number).toFixed(digits)}`;

const seeds = Array.from({ length: Number(values.seeds) }, (_, i) => i + 1);
const rows = [];
for (const recipe of values.recipe) {
  let plain;
  for (const compute of COMPUTES) {
    const results = [];
    for (const seed of seeds) results.push(await train(recipe, compute, seed));
    const bpcs = results.map(({ bpc }) => bpc);
    plain ??= bpcs;
    const difference = mean(bpcs) - mean(plain);
    // What fell back to float32 would look like a good result: the table says what ran.
    const [{ compute: ran, path: way, backend }] = results;
    const within = Math.abs(difference) <= spread(plain);
    rows.push([
      recipe,
      compute === ran ? compute : `${compute}, ran as ${ran}`,
      `${way}, ${backend}`,
      ...bpcs.map((bpc) => bpc.toFixed(4)),
      mean(bpcs).toFixed(4),
      spread(bpcs).toFixed(4),
      ...(compute === 'f32'
        ? ['', '']
        : [signed(difference, 4), within ? "within the seeds' spread" : "beyond the seeds' spread"]),
      mean(results.map(({ aboveFloor }) => aboveFloor)).toFixed(4),
    ]);
  }
}

const titles = [
  ...['recipe', 'compute', 'ran on'],
  ...seeds.map((seed) => `BPC, seed ${seed}`),
  ...['mean', 'max - min', 'mean - that of f32', "against f32's spread", 'training loss - floor'],
];
console.log(
  `${values.steps} steps of ${values.data?.join(', ') ?? 'the built-in sample'}; validation BPC in float32\n`,
);
for (const row of [titles, titles.map(() => '---'), ...rows]) console.log(`| ${row.join(' | ')} |`);
if (!values.runs) fs.rmSync(runs, { recursive: true });
