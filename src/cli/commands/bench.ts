import { availableParallelism } from 'node:os';
import { InvalidArgumentError, Option } from 'commander';
import { Comparison, requireOverlap } from '../../bench/comparison.ts';
import { benchContext } from '../../bench/decode-bench.ts';
import { benchKernels } from '../../bench/kernel-bench.ts';
import { isaOf } from '../../bench/machine-limits.ts';
import { FULL, QUICK } from '../../bench/measurement.ts';
import { opCases } from '../../bench/op-case.ts';
import { assumedOf, type Prediction, predictSteps } from '../../bench/prediction.ts';
import { type BenchReport, FORMAT, readReport, thisMachine } from '../../bench/report.ts';
import { benchSteps, type StepResult, type Variant } from '../../bench/step-bench.ts';
import { StreamBatches } from '../../bench/token-stream.ts';
import { describeModel } from '../../compose/describe.ts';
import { recipeTraining } from '../../compose/recipe-training.ts';
import { tokensPerStep } from '../../compose/run-limits.ts';
import type { Backend } from '../../core/backend.ts';
import { commandLine } from '../../core/command-line.ts';
import { computeName, computeNotice, computeOn } from '../../core/compute.ts';
import { FlashError } from '../../core/errors.ts';
import type { StepMode } from '../../core/hook.ts';
import type { OpName } from '../../core/kernels.ts';
import type { Dims } from '../../core/ops/dims.ts';
import { OP_NAMES } from '../../core/ops/table.ts';
import { createBackend, parseBackend } from '../../recipes/create.ts';
import { loadRecipe, type Recipe } from '../../recipes/load.ts';
import { nearest } from '../../recipes/nearest.ts';
import { RECIPE } from '../../recipes/schema.ts';
import { measureDecode, openModels } from '../bench-decode.ts';
import { describeBench, describePredictions, unmatchedNote } from '../bench-tables.ts';
import type { CliCommand } from '../command.ts';
import { describeGeneration } from '../decode-tables.ts';
import { addSetOption, path, wholeNumber } from '../options.ts';
import { withProgressBar } from '../reporters/progress-bar.ts';
import type { Terminal } from '../terminal.ts';

interface BenchOptions {
  readonly backend?: string;
  readonly threads?: number;
  readonly op?: readonly OpName[];
  readonly shape?: Dims;
  readonly only?: 'ops' | 'step';
  readonly decode?: boolean;
  readonly set?: readonly string[];
  readonly quick?: boolean;
  readonly compare?: string;
  readonly predict?: readonly number[];
  readonly json?: boolean;
}

export const bench: CliCommand = {
  examples: [
    commandLine`bench --quick`,
    commandLine`bench --op ternaryMatmul --shape M=1024,N=384,K=192 --backend native:avx2`,
    commandLine`bench v61-attn --decode`,
    commandLine`bench latest --decode --threads 1`,
    `${commandLine`bench --json > old.json`}; ${commandLine`bench --compare old.json`}`,
  ],
  define(command, terminal) {
    command
      .argument(
        '[recipe]',
        'whose training step to measure, on random tokens; with --decode a run too',
        path,
        'v61',
      )
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
      .option(
        '--decode',
        'in place of ops and steps: how fast the recipe, or the run, reads a prompt and writes texts side by side',
      )
      .option('--quick', 'fewer and shorter measurements')
      .option(
        '--compare <file>',
        'show how many times as fast as in this report (made with --json) everything is',
        path,
      )
      .option(
        '--predict <cores>',
        'also predict the steps on machines with so many cores like this one: 8,32,96',
        coreCounts,
      )
      .option('--json', 'print one JSON object')
      .action((recipe: string, options: BenchOptions) => run(recipe, options, terminal, command));
  },
};

/** With more of them, a thread's share of a cache is less than a loop goes through at once. */
const THREADS_A_CPU = 8;

/** Blocks grow with the cores, and their memory is taken (though never touched) to count their calls. */
const MAX_CORES = 1024;

function opName(text: string, before: readonly OpName[] = []): OpName[] {
  if ((OP_NAMES as readonly string[]).includes(text)) return [...before, text as OpName];
  const hint = nearest(text, OP_NAMES);
  throw new InvalidArgumentError(hint ? `Did you mean ${hint}?` : `Expected one of ${OP_NAMES.join(', ')}.`);
}

/** `8,32,96` */
function coreCounts(text: string): number[] {
  const counts = [...new Set(text.split(',').map(Number))];
  if (counts.every((count) => Number.isInteger(count) && count >= 1 && count <= MAX_CORES)) return counts;
  throw new InvalidArgumentError(`Expected numbers of cores up to ${MAX_CORES}, such as 8,32,96.`);
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
  if (options.op && options.only === 'step')
    command.error("error: option '--op' measures ops alone: leave '--only step' out");
  if (options.predict && (options.threads || options.op || options.only === 'ops'))
    command.error("error: option '--predict' needs steps with one thread and with more");
  if (options.decode && (options.op || options.only || options.predict))
    command.error(
      "error: option '--decode' measures neither ops nor steps: leave --op, --only, --predict out",
    );
  const mostThreads = THREADS_A_CPU * availableParallelism();
  if (options.threads && options.threads > mostThreads)
    command.error(`error: option '--threads' takes at most ${mostThreads} on this machine`);
  const old = options.compare === undefined ? null : readReport(options.compare);
  if (options.decode) return runDecode(name, options, old, terminal);
  const steps = options.only !== 'ops' && !options.op;
  const recipe = await loadRecipe(name, { set: options.set });
  const backends = createBackends(recipe, options, (notice) => terminal.note(notice));
  if (options.predict) requirePredictable(backends);
  try {
    const compute = setsCompute(options) ? computeOn(backends[0]!, recipe.compute) : undefined;
    const cases = options.only === 'step' ? [] : opCases(options.op, options.shape, compute);
    const training = steps ? { recipe: recipe.name, tokens: tokensPerStep(recipe) } : null;
    if (old) requireOverlap(old, { ops: cases, training }, options.compare!);
    const shortfall = (steps || compute) && computeNotice(backends[0]!, recipe.compute);
    if (shortfall) terminal.note(shortfall);
    const recipes = steps ? await recipesByCompute(name, recipe, options, backends[0]!) : [];
    const report = await measure(recipe, recipes, backends, cases, options, terminal);
    print(report, old, options, terminal);
  } finally {
    for (const backend of backends) backend.dispose();
  }
}

function print(
  report: BenchReport,
  old: BenchReport | null,
  { json, compare }: BenchOptions,
  terminal: Terminal,
): void {
  const comparison = old && new Comparison(old, report);
  const { generation, predictions } = report;
  if (json)
    terminal.print(JSON.stringify(comparison ? { ...report, comparison: comparison.ratios } : report));
  else {
    const lines = [
      ...describeBench(report, comparison, terminal),
      ...(generation ? describeGeneration(generation, comparison, terminal) : []),
      ...(predictions.length ? describePredictions(report, terminal) : []),
    ];
    for (const line of lines) terminal.print(line);
  }
  const unmatched = comparison && unmatchedNote(comparison, compare!);
  if (unmatched) terminal.note(unmatched);
}

/** The same as `run` for texts in place of ops and steps. */
async function runDecode(
  name: string,
  options: BenchOptions,
  old: BenchReport | null,
  terminal: Terminal,
): Promise<void> {
  const runs = await openModels(name, options, (notice) => terminal.note(notice));
  try {
    const { recipe } = runs[0]!;
    const generation = { recipe: recipe.name, context: benchContext(runs[0]!) };
    if (old) requireOverlap(old, { ops: [], training: null, generation }, options.compare!);
    print(await measureDecode(runs, options.quick ? QUICK : FULL, terminal), old, options, terminal);
  } finally {
    for (const each of runs) each.dispose();
  }
}

function requirePredictable(backends: readonly Backend[]): void {
  if (backends.length > 1 && backends.every(({ name }) => isaOf(name))) return;
  for (const backend of backends) backend.dispose();
  throw new FlashError('a prediction needs native kernels and at least two CPUs to measure them on', {
    exitCode: 2,
  });
}

const setsCompute = ({ set = [] }: BenchOptions): boolean =>
  set.some((assignment) => assignment.startsWith('compute='));

/** The recipe with each precision that the backend has instructions for, or with the one that is asked for. */
async function recipesByCompute(
  name: string,
  recipe: Recipe,
  options: BenchOptions,
  backend: Backend,
): Promise<Recipe[]> {
  if (setsCompute(options)) return [recipe];
  const { set = [] } = options;
  const computes = RECIPE.shape.compute
    .unwrap()
    .options.filter((compute) => backend.accelerates.has(compute));
  return Promise.all(computes.map((compute) => loadRecipe(name, { set: [...set, `compute=${compute}`] })));
}

/** The same backend with one thread and with as many as it takes by default, or with those that are asked for. */
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
  recipes: readonly Recipe[],
  backends: readonly Backend[],
  cases: ReturnType<typeof opCases>,
  { quick, predict }: BenchOptions,
  terminal: Terminal,
): Promise<BenchReport> {
  const machine = thisMachine();
  const effort = quick ? QUICK : FULL;
  return withProgressBar(terminal, async (show) => {
    const withLimits = cases.length > 0 || predict !== undefined;
    const kernels = await benchKernels(backends, cases, effort, withLimits, show('limits and ops'));
    let training: BenchReport['training'] = null;
    let steps: StepResult[] = [];
    let peakMemory: number | null = null;
    let predictions: Prediction[] = [];
    if (recipes.length) {
      const model = describeModel(recipe);
      const tokens = tokensPerStep(recipe);
      const batches = new StreamBatches(vocabOf(model), tokens);
      training = { recipe: recipe.name, ...batches.workload };
      const modes: StepMode[] =
        model.tokenWise && recipe.collapse === 'auto' ? ['dense', 'collapsed'] : ['dense'];
      const calls = kernels.calls.map(({ seconds }) => seconds.median);
      const variants = recipes.map(
        (each): Variant => ({
          compute: computeName(computeOn(backends[0]!, each.compute)),
          make: recipeTraining(each, batches, tokens),
        }),
      );
      steps = await benchSteps(backends, variants, modes, calls, effort, show('training steps'));
      peakMemory = 1024 * process.resourceUsage().maxRSS;
      const [one] = backends;
      if (predict) {
        const assumed = assumedOf(kernels.limits, one!.name);
        predictions = await predictSteps(one!, steps, variants, tokens, predict, assumed);
      }
    }
    return {
      format: FORMAT,
      date: new Date().toISOString(),
      machine,
      ...kernels,
      training,
      steps,
      peakMemory,
      predictions,
    };
  });
}

/** The head's logits are one for each token of the vocabulary. */
function vocabOf({ layers }: ReturnType<typeof describeModel>): number {
  return layers.at(-1)!.outCols;
}
