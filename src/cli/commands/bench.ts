import { InvalidArgumentError, Option } from 'commander';
import { Comparison } from '../../bench/comparison.ts';
import { type Effort, FULL, QUICK } from '../../bench/effort.ts';
import { benchKernels } from '../../bench/kernel-bench.ts';
import { opCases } from '../../bench/op-case.ts';
import { type BenchReport, FORMAT, readReport, thisMachine } from '../../bench/report.ts';
import { benchSteps, type StepResult } from '../../bench/step-bench.ts';
import { StreamBatches } from '../../bench/token-stream.ts';
import type { Backend } from '../../core/backend.ts';
import { computeNotice } from '../../core/compute.ts';
import type { OpName } from '../../core/kernels.ts';
import { type Dims, OP_NAMES } from '../../core/ops.ts';
import { createBackend, parseBackend } from '../../recipes/create.ts';
import { describeModel } from '../../recipes/describe.ts';
import { loadRecipe, type Recipe } from '../../recipes/load.ts';
import { nearest } from '../../recipes/nearest.ts';
import { recipeTraining } from '../../recipes/recipe-training.ts';
import type { Path } from '../../train/events.ts';
import { describeBench } from '../bench-tables.ts';
import type { CliCommand } from '../command.ts';
import { addSetOption, wholeNumber } from '../options.ts';
import { ProgressBar } from '../reporters/progress-bar.ts';
import type { Terminal } from '../terminal.ts';

interface BenchOptions {
  readonly backend?: string;
  readonly threads?: number;
  readonly op?: readonly OpName[];
  readonly shape?: Dims;
  readonly only?: 'ops' | 'step';
  readonly set?: readonly string[];
  readonly quick?: boolean;
  readonly compare?: string;
  readonly json?: boolean;
}

export const bench: CliCommand = {
  name: 'bench',
  summary: "measure each op and the whole training step against the machine's own limits",
  examples: [
    'flashlm bench --quick',
    'flashlm bench --op ternaryMatmul --shape M=1024,N=384,K=192 --backend native:avx2',
    'flashlm bench --json > old.json; flashlm bench --compare old.json',
  ],
  define(command, terminal) {
    command
      .argument('[recipe]', 'whose training step to measure, on random tokens', 'v61')
      .option('--backend <name>', "another backend than the recipe's: native:avx2, reference...")
      .option(
        '--threads <n>',
        'this number of threads only (default: 1 and one per CPU)',
        wholeNumber(1, '2'),
      )
      .option('--op <name>', 'only this op, and no steps (repeatable)', opName)
      .option('--shape <sizes>', "other sizes than v6.1's, such as M=1024,N=384,K=192; needs --op", shape)
      .addOption(new Option('--only <part>', 'leave the other part out').choices(['ops', 'step']));
    addSetOption(command)
      .option('--quick', 'fewer and shorter measurements')
      .option(
        '--compare <file>',
        'show how many times as fast as in this report (made with --json) everything is',
      )
      .option('--json', 'print one JSON object')
      .action((recipe: string, options: BenchOptions) => run(recipe, options, terminal, command));
  },
};

function opName(text: string, before: readonly OpName[] = []): OpName[] {
  if ((OP_NAMES as readonly string[]).includes(text)) return [...before, text as OpName];
  const hint = nearest(text, OP_NAMES);
  throw new InvalidArgumentError(hint ? `Did you mean ${hint}?` : `Expected one of ${OP_NAMES.join(', ')}.`);
}

/** `M=1024,N=384` */
function shape(text: string): Dims {
  const pairs = text.split(',').map((pair) => /^([A-Z])=([1-9]\d{0,8})$/.exec(pair.trim()));
  if (pairs.every((pair) => pair !== null))
    return Object.fromEntries(pairs.map((pair) => [pair[1]!, Number(pair[2])]));
  throw new InvalidArgumentError('Expected sizes of at least 1, such as M=1024,N=384,K=192.');
}

async function run(
  name: string,
  options: BenchOptions,
  terminal: Terminal,
  command: { error(text: string): never },
) {
  if (options.shape && !options.op) command.error("error: option '--shape' needs '--op'");
  const old = options.compare === undefined ? null : readReport(options.compare);
  const cases = options.only === 'step' ? [] : opCases(options.op, options.shape);
  const steps = options.only !== 'ops' && !options.op;
  const recipe = await loadRecipe(name, { set: options.set });
  const backends = createBackends(recipe, options, (notice) => terminal.note(notice));
  try {
    const shortfall = steps && computeNotice(backends[0]!, recipe.compute);
    if (shortfall) terminal.note(shortfall);
    const report = await measure(recipe, backends, cases, steps, options.quick ? QUICK : FULL, terminal);
    const comparison = old && new Comparison(old, report);
    if (options.json)
      terminal.print(JSON.stringify(comparison ? { ...report, comparison: comparison.ratios } : report));
    else for (const line of describeBench(report, comparison, terminal.styles)) terminal.print(line);
  } finally {
    for (const backend of backends) backend.dispose();
  }
}

/** The same backend with one thread and with as many as it takes by itself, or with those that are asked for. */
function createBackends(
  recipe: Recipe,
  { backend, threads }: BenchOptions,
  notice: (text: string) => void,
): Backend[] {
  const spec = backend === undefined ? recipe.backend : parseBackend(backend, recipe.registry);
  const recipeThreads = recipe.train.threads === 'auto' ? undefined : recipe.train.threads;
  const all = createBackend(spec, { threads: threads ?? recipeThreads, notice });
  if (all.threads === 1 || threads !== undefined) return [all];
  return [createBackend(spec, { threads: 1, notice: () => {} }), all];
}

async function measure(
  recipe: Recipe,
  backends: readonly Backend[],
  cases: ReturnType<typeof opCases>,
  withSteps: boolean,
  effort: Effort,
  terminal: Terminal,
): Promise<BenchReport> {
  const machine = thisMachine();
  const bar = terminal.interactive ? new ProgressBar(terminal) : undefined;
  const show = (stage: string) => (share: number) => bar?.update(stage, share, '');
  try {
    const kernels = await benchKernels(backends, cases, effort, show('limits and ops'));
    let training: BenchReport['training'] = null;
    let steps: StepResult[] = [];
    if (withSteps) {
      const model = describeModel(recipe);
      const tokens = recipe.data.batch * recipe.data.seq_len;
      const batches = new StreamBatches(vocabOf(model), tokens);
      training = { recipe: recipe.name, ...batches.workload };
      const paths: Path[] =
        model.tokenWise && recipe.collapse === 'auto' ? ['dense', 'collapsed'] : ['dense'];
      const calls = kernels.calls.map(({ seconds }) => seconds.median);
      const make = recipeTraining(recipe, batches, tokens);
      steps = await benchSteps(backends, paths, make, calls, effort, show('training steps'));
    }
    return { format: FORMAT, date: new Date().toISOString(), machine, ...kernels, training, steps };
  } finally {
    bar?.stop();
  }
}

/** The head's logits are one for each token of the vocabulary. */
function vocabOf({ layers }: ReturnType<typeof describeModel>): number {
  return layers.at(-1)!.outCols;
}
