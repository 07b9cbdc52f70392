import { createReferenceBackend } from '../backends/reference/index.ts';
import type { Backend } from '../core/backend.ts';
import { foldNames } from '../core/fold-names.ts';
import type { Coupling, InTraining } from '../core/layer.ts';
import type { OptimizerGroup } from '../core/optimizer.ts';
import type { Parameter } from '../core/parameter.ts';
import { layersOf } from '../recipes/build-model.ts';
import { createOptimizer, createSchedule } from '../recipes/create.ts';
import type { Recipe } from '../recipes/load.ts';
import { couplingOf } from '../runtime/model.ts';
import {
  estimateMemory,
  type MemoryEstimate,
  planWithoutMemory,
  type Rehearse,
  requireMemory,
} from './memory.ts';

/** One layer as the command `check` shows it. Containers are not shown, the layers inside them are. */
export interface LayerDescription {
  readonly path: string;
  readonly type: string;
  /** Columns in and out; token ids are one column, logits as many as the vocabulary. */
  readonly inCols: number;
  readonly outCols: number;
  readonly coupling: Coupling;
  readonly parameters: number;
  /** How many of them are ternary. */
  readonly ternary: number;
  /** Multiply-accumulates of one token, forward. */
  readonly macs: number;
  readonly inTraining?: InTraining | undefined;
}

export interface ModelDescription {
  readonly layers: readonly LayerDescription[];
  readonly parameters: number;
  /** Share of the parameters that are ternary, from 0 to 1. */
  readonly ternaryShare: number;
  readonly macsPerToken: number;
  /** Every layer looks at one row alone: the whole model is a function of the token id. */
  readonly tokenWise: boolean;
  readonly memory: MemoryEstimate;
  /** Which optimiser updates which parameters, where the recipe has groups of them. */
  readonly groups?: readonly GroupDescription[];
}

/** Parameters that one optimiser updates. */
export interface GroupDescription {
  /** What the recipe matches them by; `otherwise` for the rest. */
  readonly match: string;
  readonly optimizer: string;
  /** The peak learning rate. */
  readonly lr: number;
  /** Their names, those of repeated blocks as one: `blocks.*.up.weight`. */
  readonly names: readonly string[];
  /** Number of learned values. */
  readonly parameters: number;
}

/**
 * What a recipe's model is made of and what it costs, on `backend`, without allocating any of it.
 * @throws FlashError for a run that needs more memory than there is.
 */
export function describeModel(
  recipe: Recipe,
  backend: Backend = createReferenceBackend('f32'),
  rehearse: Rehearse = 'always',
): ModelDescription {
  const parts = layersOf(recipe);
  const { input, body, objective } = parts;
  const seen = new Set<Parameter>();
  const { path, type, inCols, vocab, macs } = objective;
  const own = () => objective.parameters();
  const head: Described = { path, type, inCols, outCols: vocab, coupling: 'row', macs, parameters: own };
  const layers = [...leaves(input, seen), ...leaves(body, seen), describe(head, seen)];
  const total = (of: (layer: LayerDescription) => number) =>
    layers.reduce((sum, layer) => sum + of(layer), 0);
  const parameters = total((layer) => layer.parameters);
  // Mistakes that only making them shows.
  createSchedule(recipe.schedule);
  createSchedule(recipe.weight_decay_schedule);
  const { plan, bytes } = planWithoutMemory(createOptimizer(recipe.optimizer), parts, backend);
  const memory = estimateMemory(recipe, parts, bytes, backend, rehearse);
  requireMemory(memory);
  return {
    layers,
    parameters,
    ternaryShare: total((layer) => layer.ternary) / parameters,
    macsPerToken: total((layer) => layer.macs),
    tokenWise: couplingOf(parts) === 'row',
    memory,
    ...(plan.groups && { groups: plan.groups.map(describeGroup) }),
  };
}

const describeGroup = ({ match, optimizer, lr, parameters }: OptimizerGroup): GroupDescription => ({
  match,
  optimizer,
  lr,
  names: foldNames(parameters),
  parameters: parameters.reduce((sum, p) => sum + p.size, 0),
});

interface Described extends Omit<LayerDescription, 'parameters' | 'ternary'> {
  readonly children?: readonly Described[];
  parameters(): Iterable<Parameter>;
}

function leaves(layer: Described, seen: Set<Parameter>): LayerDescription[] {
  if (!layer.children) return [describe(layer, seen)];
  const inside = layer.children.flatMap((child) => leaves(child, seen));
  // What is learned beside the layers inside, if anything, and what it costs.
  const own = describe(layer, seen);
  const macs = layer.macs - inside.reduce((sum, child) => sum + child.macs, 0);
  return own.parameters > 0 ? [...inside, { ...own, macs: Math.max(0, macs) }] : inside;
}

/** A parameter that several layers share counts where it comes first. */
function describe(layer: Described, seen: Set<Parameter>): LayerDescription {
  const { path, type, inCols, outCols, coupling, macs, inTraining } = layer;
  const own = [...layer.parameters()].filter((p) => !seen.has(p));
  for (const p of own) seen.add(p);
  const size = (list: readonly Parameter[]) => list.reduce((sum, p) => sum + p.size, 0);
  const ternary = size(own.filter((p) => p.quantised));
  return { path, type, inCols, outCols, coupling, parameters: size(own), ternary, macs, inTraining };
}
