import { statSync } from 'node:fs';
import { runTexts } from '../../app/run-data.ts';
import { measureStep } from '../../app/step-time.ts';
import { createReferenceBackend } from '../../backends/reference/index.ts';
import {
  describeModel,
  type GroupDescription,
  type LayerDescription,
  type ModelDescription,
} from '../../compose/describe.ts';
import type { MemoryEstimate } from '../../compose/memory.ts';
import { runLimits, tokensPerStep } from '../../compose/run-limits.ts';
import type { Backend } from '../../core/backend.ts';
import { commandLine } from '../../core/command-line.ts';
import type { Precision } from '../../core/compute.ts';
import { FlashError } from '../../core/errors.ts';
import { foldNames } from '../../core/fold-names.ts';
import { formatBytes } from '../../core/format-bytes.ts';
import type { Coupling } from '../../core/layer.ts';
import { createBackend, createSchedule } from '../../recipes/create.ts';
import { fillRecipe } from '../../recipes/fill.ts';
import { isFiles, loadRecipe, type Recipe } from '../../recipes/load.ts';
import { stepsOf } from '../../train/limits.ts';
import { checkThoroughly, checkUnasked, describeLeak, refuseLeak } from '../../verify/causal-claim.ts';
import type { CausalityResult } from '../../verify/causality.ts';
import type { CliCommand } from '../command.ts';
import { formatCount, formatDuration, formatPercent, formatPlural, formatShort } from '../format.ts';
import { addSetOption, path } from '../options.ts';
import { describeEnd, warnOfFewSteps } from '../reporters/run-plan.ts';
import { TaskProgress } from '../reporters/task-progress.ts';
import { type Column, formatPairs, formatTable } from '../table.ts';
import type { Terminal } from '../terminal.ts';

interface CheckOptions {
  readonly set?: readonly string[];
  readonly filled?: boolean;
  readonly causal?: boolean;
  readonly json?: boolean;
}

export const check: CliCommand = {
  examples: [
    commandLine`check v61`,
    commandLine`check my-plugin-layer.yaml --causal`,
    commandLine`check my-model.yaml --set optimizer.lr=0.02 --filled`,
  ],
  define(command, terminal) {
    command.argument('<recipe>', 'a YAML file, or the name of a recipe that comes with FlashLM', path);
    addSetOption(command)
      .option('--filled', 'print the whole recipe instead, every default written out')
      .option('--causal', 'look longer for rows that see later tokens, and on the native backend too')
      .option('--json', 'print one JSON object')
      .addHelpText(
        'after',
        '\nExit status 1: the recipe is wrong, or its model sees later tokens and the recipe does not say "causal: false".',
      )
      .action(async (name: string, options: CheckOptions) => {
        const recipe = await loadRecipe(name, { set: options.set });
        const { model, plan } = await describeOn(recipe, !options.json && !options.filled);
        const progress = new TaskProgress(terminal);
        const causality = await Promise.resolve()
          .then(() => lookForLeaks(recipe, Boolean(options.causal), progress))
          .finally(() => progress.end());
        if (options.json) {
          const filled = options.filled ? { recipe: fillRecipe(recipe) } : {};
          const claimed = { causality: { claimed: recipe.causal, results: causality } };
          terminal.print(
            JSON.stringify({
              name: recipe.name,
              sizes: recipe.sizes,
              ...model,
              compute: recipe.compute,
              ...claimed,
              ...filled,
            }),
          );
        } else if (options.filled) terminal.write(fillRecipe(recipe));
        else terminal.print(describe(recipe, model, plan, causality, terminal).join('\n'));
        refuseLeak(recipe, causality);
        if (!recipe.causal && causality.length > 0 && causality.every(({ causal }) => causal)) {
          terminal.note(
            'The recipe says "causal: false", and no row sees a later token: its PPL may be marked for nothing.',
          );
        }
      });
  },
};

/** As it would be trained here: memory and time depend on the backend and its threads. */
async function describeOn(
  recipe: Recipe,
  withPlan: boolean,
): Promise<{ readonly model: ModelDescription; readonly plan: readonly string[] }> {
  const backend = trainingBackend(recipe);
  try {
    const model = describeModel(recipe, backend);
    return { model, plan: withPlan ? await describePlan(recipe, model, backend) : [] };
  } finally {
    backend.dispose();
  }
}

/** Where all steps together could be this slow and still end before the time is up, nothing is measured. */
const SLOW_STEP_SECONDS = 30;

/** What ends the run, in steps as far as that can be told before it, and a warning where those are too few. */
async function describePlan(recipe: Recipe, model: ModelDescription, backend: Backend): Promise<string[]> {
  const limits = runLimits(recipe);
  const { warmupSteps } = createSchedule(recipe.schedule);
  const stepTokens = tokensPerStep(recipe);
  const plan = { limits, tokensPerStep: stepTokens, tokensPerEpoch: Number.POSITIVE_INFINITY, warmupSteps };
  // A token is at least a byte, except for the ends of documents.
  const most = stepsOf(limits, stepTokens, await textBytes(recipe));
  const mayBind = Number.isFinite(limits.seconds) && limits.seconds / most < SLOW_STEP_SECONDS;
  const seconds = mayBind ? await measureStep(recipe, model, backend) : undefined;
  const timed = seconds === undefined ? Number.POSITIVE_INFINITY : Math.ceil(limits.seconds / seconds);
  const here =
    timed < most ? [`${formatDuration(limits.seconds)} hold about ${formatPlural(timed, 'step')} here`] : [];
  const warning = warnOfFewSteps(plan, Math.min(most, timed));
  return [[describeEnd(plan), ...here].join('; '), ...(warning ? [warning] : [])];
}

/** Infinity where the text is not there, is compressed, or comes from a plugin, which may have to fetch it. */
async function textBytes(recipe: Recipe): Promise<number> {
  if (!isFiles(recipe.data.source)) return Number.POSITIVE_INFINITY;
  try {
    const { files } = (await runTexts(recipe)).train;
    if (files.some((file) => /\.(gz|zst)$/.test(file))) return Number.POSITIVE_INFINITY;
    return files.reduce((sum, file) => sum + statSync(file).size, 0);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/** The reference where the recipe's backend is for other machines: the recipe is right all the same. */
function trainingBackend({ backend, train }: Recipe): Backend {
  const threads = train.threads === 'auto' ? undefined : train.threads;
  try {
    return createBackend(backend, { threads, notice: () => {} });
  } catch (error) {
    if (!(error instanceof FlashError)) throw error;
    return createReferenceBackend('f32');
  }
}

function lookForLeaks(recipe: Recipe, thorough: boolean, { show }: TaskProgress): CausalityResult[] {
  if (!thorough)
    return checkUnasked(recipe, (share) => show('checking that no row sees a later token', share));
  return checkThoroughly(recipe, (share, backend) =>
    show(`checking on ${backend} that no row sees a later token`, share),
  );
}

const COLUMNS: readonly Column[] = [
  { title: 'layer', align: 'left' },
  { title: 'type', align: 'left' },
  { title: 'shape', align: 'left' },
  { title: 'parameters', align: 'right' },
  { title: 'ternary', align: 'right' },
  { title: 'MACs/token', align: 'right' },
];

/** The parts of the memory by the names that people know, without those that there are not. */
function partsOf(memory: MemoryEstimate): [string, number][] {
  return [
    ['parameters', memory.parameters],
    ['optimiser', memory.optimizer],
    ['activations', memory.activations],
    ['kernels', memory.scratch],
    ['batch', memory.batch],
    ['evaluation', memory.evaluation],
    ['Node', memory.process],
  ].filter(([, bytes]) => bytes) as [string, number][];
}

function describe(
  { name, compute, sizes, data }: Recipe,
  model: ModelDescription,
  [ends, ...warnings]: readonly string[],
  causality: readonly CausalityResult[],
  terminal: Terminal,
): string[] {
  const { styles } = terminal;
  const { memory } = model;
  const { shown, folded } = foldBlocks(model.layers);
  const named = Object.entries(sizes).map(([size, value]) => `${size} ${formatCount(value)}`);
  const [titles, ...layers] = formatTable(COLUMNS, shown.map(row), terminal);
  return [
    styles.bold(name),
    '',
    styles.bold(titles!),
    ...layers.flatMap((line, i) => [line, ...(folded.get(shown[i]!) ?? []).map(styles.dim)]),
    '',
    ...formatPairs(
      [
        ...(named.length > 0 ? [['sizes', named.join(', ')] as [string, string]] : []),
        ['parameters', `${formatCount(model.parameters)}, ${formatPercent(model.ternaryShare)} ternary`],
        ['work', `${formatShort(model.macsPerToken)} multiply-accumulates a token, forward`],
        [
          'memory',
          `${formatBytes(memory.total)} to train (${partsOf(memory)
            .map(([name, bytes]) => `${name} ${formatBytes(bytes)}`)
            .join(', ')})`,
        ],
        [
          'token-wise',
          model.tokenWise
            ? 'yes: no layer sees another token, so a step computes each distinct token once (collapse)'
            : describeMixers(model),
        ],
        ...(pathsOf(model, 'sequence').length === 0
          ? []
          : [['documents', describeDocuments(data)] as [string, string]]),
        ...describeTraining(model).map((line): [string, string] => ['in training', line]),
        ...(model.groups ?? []).map((group): [string, string] => ['optimiser', describeGroup(group)]),
        ['ends', ends!],
        ['compute', COMPUTES[compute]],
        ...(causality.length
          ? causality.map((result): [string, string] => ['causal', describeCausality(result)])
          : [['causal', 'not tried, it would take long: --causal does'] as [string, string]]),
      ],
      terminal,
    ),
    ...warnings.map(styles.yellow),
  ];
}

/** What only training does, the layers that do the same together: `dropout of 10.0%: blocks.*.dropout`. */
function describeTraining({ layers }: ModelDescription): string[] {
  const found = new Map<string, { name: string }[]>();
  for (const { path, inTraining } of layers) {
    const { dropout, blend } = inTraining ?? {};
    const texts = [
      ...(dropout ? [`dropout of ${formatPercent(dropout)}`] : []),
      ...(blend ? [describeBlend(blend)] : []),
    ];
    for (const text of texts) found.set(text, [...(found.get(text) ?? []), { name: path }]);
  }
  return [...found].map(([text, paths]) => `${text}: ${foldNames(paths).join(', ')}`);
}

const describeBlend = ({ start, end }: { readonly start: number; readonly end: number }): string =>
  start === end
    ? `float weights until ${formatPercent(end)} of the run is done, then ternary ones`
    : `weights fade from float at ${formatPercent(start)} of the run to wholly ternary at ${formatPercent(end)}`;

/** `muon, lr 0.02, for matrix (884,736 parameters): blocks.*.up.weight, blocks.*.down.weight` */
function describeGroup({ match, optimizer, lr, names, parameters }: GroupDescription): string {
  const size = formatPlural(parameters, 'parameter');
  return `${optimizer}, lr ${Number(lr.toPrecision(6))}, for ${match} (${size}): ${names.join(', ')}`;
}

/** Evaluation may then be far from the training loss: the model has learned from what it does not see there. */
function describeDocuments({ documents, align }: Recipe['data']): string {
  const state =
    documents === 'reset'
      ? 'no state crosses from one to the next'
      : 'state crosses from one to the next in training only, not in evaluation';
  return align ? `${state}; training sequences begin at documents` : state;
}

/** What a recipe asks for; what comes of it depends on the backend, and a run says it. */
const COMPUTES: Readonly<Record<Precision, string>> = {
  f32: 'f32',
  bf16: 'bf16: training rounds what it multiplies to it, where the backend is faster so',
  int8: 'int8: training quantises gradients of ternary layers, other products are bf16, where the backend is faster so',
};

function describeCausality({ backend, causal, leak, nonFinite, tokens, changes }: CausalityResult): string {
  const tried = `2 sequences of ${formatPlural(tokens, 'token')}, ${formatPlural(changes, 'change')}, ${backend}`;
  if (leak) return `no: ${describeLeak(leak)}; first in ${leak.layer.path} (${backend})`;
  return causal
    ? `yes: no row sees a later token or another sequence (${tried})`
    : `unknown: ${nonFinite ? `${nonFinite.path} gives NaN or infinity` : 'no token had any effect'} (${tried})`;
}

/** Layers of one repetition: `blocks.3`. */
interface Block {
  readonly list: string;
  readonly index: number;
  readonly layers: LayerDescription[];
}

/**
 * The first of repeated blocks is shown; `folded` holds, for its last layer, the line that is printed
 * for all others.
 */
function foldBlocks(all: readonly LayerDescription[]): {
  readonly shown: readonly LayerDescription[];
  readonly folded: ReadonlyMap<LayerDescription, readonly string[]>;
} {
  const shown: LayerDescription[] = [];
  const folded = new Map<LayerDescription, readonly string[]>();
  let first: Block | undefined;
  for (const block of intoBlocks(all)) {
    if (first && first.list === block.list && signature(first) === signature(block)) {
      const from = `${block.list}.${first.index + 1}`;
      const others =
        block.index === first.index + 1 ? `${from} is` : `${from} to ${block.list}.${block.index} are`;
      folded.set(shown.at(-1)!, [`  (${others} the same)`]);
    } else {
      shown.push(...block.layers);
      first = block.index >= 0 ? block : undefined;
    }
  }
  return { shown, folded };
}

/** Cut where the number after the first list's name changes; what is in no list is a block by itself, of index -1. */
function intoBlocks(layers: readonly LayerDescription[]): Block[] {
  const blocks: Block[] = [];
  for (const layer of layers) {
    const [, list = '', digits = '-1'] = /^(.*?)\.(\d+)(?:\.|$)/.exec(layer.path) ?? [];
    const index = Number(digits);
    const last = blocks.at(-1);
    if (last && index >= 0 && last.list === list && last.index === index) last.layers.push(layer);
    else blocks.push({ list, index, layers: [layer] });
  }
  return blocks;
}

/** All that is shown of a block but its number. */
function signature({ list, index, layers }: Block): string {
  return JSON.stringify(
    layers.map((layer) => ({ ...layer, path: layer.path.slice(`${list}.${index}`.length) })),
  );
}

function row(layer: LayerDescription): string[] {
  return [
    layer.path,
    layer.type,
    `${formatCount(layer.inCols)} → ${formatCount(layer.outCols)}`,
    layer.parameters ? formatCount(layer.parameters) : '',
    layer.parameters ? formatPercent(layer.ternary / layer.parameters) : '',
    layer.macs ? formatCount(layer.macs) : '',
  ];
}

const pathsOf = ({ layers }: ModelDescription, coupling: Coupling): string[] =>
  layers.filter((layer) => layer.coupling === coupling).map((layer) => layer.path);

/** Why a step computes every token. */
function describeMixers(model: ModelDescription): string {
  const named = ([first, ...more]: readonly string[]): string =>
    more.length > 0 ? `${first} (and ${more.length} more)` : first!;
  const mixing = pathsOf(model, 'sequence');
  if (mixing.length > 0) return `no: ${named(mixing)} sees other tokens`;
  const random = named(pathsOf(model, 'random'));
  return `in evaluation only: ${random} draws numbers for each token in training, where every token is computed`;
}
