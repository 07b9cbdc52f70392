import picomatch from 'picomatch';
import { z } from 'zod';
import { component, type Spec } from '../core/component.ts';
import { FlashError } from '../core/errors.ts';
import { foldNames } from '../core/fold-names.ts';
import type { Memory } from '../core/memory.ts';
import type { Optimizer, OptimizerGroup, OptimizerPlan } from '../core/optimizer.ts';
import type { Parameter } from '../core/parameter.ts';
import { componentOf } from '../core/slots.ts';

export interface Group {
  /** Kinds of parameters, or patterns of their names. */
  readonly match: readonly string[];
  readonly optimizer: Optimizer;
}

/** The kinds that a group can match. */
const KINDS: Readonly<Record<string, (p: Parameter) => boolean>> = {
  ternary: (p) => p.quantised,
  matrix: (p) => p.matrix,
  embedding: (p) => p.table === 'embedding',
  vector: (p) => p.shape.length === 1,
};

const OTHERWISE = 'otherwise';

/** Each parameter is updated by the first group that matches it, the rest by `otherwise`. */
export class Groups implements Optimizer {
  readonly type = 'groups';
  /** That of `otherwise`: the rates of the groups are in proportion to it as their peaks are. */
  readonly lr: number;

  constructor(
    private readonly groups: readonly Group[],
    private readonly otherwise: Optimizer,
  ) {
    this.lr = otherwise.lr;
  }

  plan(parameters: readonly Parameter[], memory: Memory): OptimizerPlan {
    const planned = this.assign(parameters)
      .filter((group) => group.parameters.length > 0)
      .map(({ match, optimizer, parameters: own }) => {
        const { type, lr } = optimizer;
        const plan = optimizer.plan(own, memory);
        const inner = plan.groups ?? [{ match: '', optimizer: type, lr, parameters: own }];
        return { plan, share: lr / this.lr, groups: inner.map((one) => nested(match, one)) };
      });
    return {
      slots: planned.flatMap(({ plan }) => plan.slots),
      scratch: planned.flatMap(({ plan }) => plan.scratch),
      groups: planned.flatMap(({ groups }) => groups),
      update(k, step) {
        for (const { plan, share } of planned) plan.update(k, { ...step, lr: step.lr * share });
      },
    };
  }

  /** @throws FlashError for a match that no parameter is left for. */
  private assign(parameters: readonly Parameter[]) {
    const left = new Set(parameters);
    const assigned = this.groups.map(({ match, optimizer }) => {
      const own = new Set<Parameter>();
      for (const one of match) {
        const matching = parameters.filter(matcher(one));
        const free = matching.filter((p) => left.has(p));
        if (free.length === 0) throw noneFor(one, matching, parameters);
        for (const p of free) own.add(p);
      }
      for (const p of own) left.delete(p);
      // In the model's order, whatever the order of the matches.
      return { match: match.join(', '), optimizer, parameters: parameters.filter((p) => own.has(p)) };
    });
    const rest = { match: OTHERWISE, optimizer: this.otherwise, parameters: [...left] };
    return [...assigned, rest];
  }
}

const nested = (match: string, group: OptimizerGroup): OptimizerGroup => ({
  ...group,
  match: group.match ? `${match} > ${group.match}` : match,
});

function matcher(match: string): (p: Parameter) => boolean {
  const kind = Object.hasOwn(KINDS, match) ? KINDS[match] : undefined;
  if (kind) return kind;
  // Names are paths with dots: `*` is one step of them, `**` any number.
  const path = (text: string): string => text.replaceAll('.', '/');
  const isMatch = picomatch(path(match));
  return ({ name }) => isMatch(path(name));
}

function noneFor(match: string, matching: readonly Parameter[], all: readonly Parameter[]): FlashError {
  if (matching.length > 0) {
    return new FlashError(`optimizer groups: earlier groups hold all parameters that '${match}' matches`, {
      remedy: 'Put the narrower match first, or leave this one out.',
    });
  }
  return new FlashError(`optimizer groups: no parameter matches '${match}'`, {
    remedy: `Kinds: ${Object.keys(KINDS).join(', ')}. Names: ${foldNames(all).join(', ')}.`,
  });
}

const group = z.strictObject({
  match: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
    .describe('ternary, matrix, embedding, vector, or a pattern of names: blocks.*.up.weight, **.gain.'),
  optimizer: componentOf('optimizer', 'What updates them; default that of `otherwise`.').optional(),
  lr: z.number().positive().default(1).describe("Multiplies the optimizer's learning rate."),
  weight_decay: z.number().min(0).optional().describe("In place of the optimizer's."),
});

export const groups = component({
  kind: 'optimizer',
  type: 'groups',
  summary: 'Several optimisers, each for some of the parameters.',
  schema: z.strictObject({
    groups: z.array(group).min(1).describe('A parameter belongs to the first one that matches it.'),
    otherwise: componentOf('optimizer', 'Updates all other parameters.'),
  }),
  examples: [
    {
      groups: [
        { match: 'matrix', optimizer: { type: 'sgd', lr: 0.02 } },
        { match: ['embedding', '**.gain'], lr: 0.5, weight_decay: 0 },
      ],
      otherwise: { type: 'adamw', lr: 0.004, weight_decay: 0.1 },
    },
  ],
  create({ groups: list, otherwise }, scope) {
    const made = list.map(({ match, optimizer = otherwise, lr, weight_decay }, i): Group => {
      const options: Record<string, unknown> = { ...optimizer.options };
      const change = (option: 'lr' | 'weight_decay', value: (old: number) => number): void => {
        const old = options[option];
        if (typeof old === 'number') options[option] = value(old);
        else scope.fail(`groups.${i}.${option}: ${optimizer.component.type} has no ${option}`, 'groups');
      };
      if (lr !== 1) change('lr', (old) => old * lr);
      if (weight_decay !== undefined) change('weight_decay', () => weight_decay);
      const spec: Spec<'optimizer'> = { ...optimizer, options };
      return { match: typeof match === 'string' ? [match] : match, optimizer: scope.build(spec) };
    });
    return new Groups(made, scope.build(otherwise));
  },
});
