import { checked } from '../backends/checked/component.ts';
import { diff } from '../backends/diff/component.ts';
import { native } from '../backends/native/component.ts';
import { reference } from '../backends/reference/component.ts';
import { timed } from '../backends/timed/component.ts';
import type { Component } from '../core/component.ts';
import { activations } from '../layers/activation.ts';
import { concat, product, sum } from '../layers/branches.ts';
import { causalConv } from '../layers/causal-conv.ts';
import { delay } from '../layers/delay.ts';
import { dropout } from '../layers/dropout.ts';
import { embedding } from '../layers/embedding.ts';
import { gated } from '../layers/gated.ts';
import { identity } from '../layers/identity.ts';
import { linear } from '../layers/linear.ts';
import { mix, remember } from '../layers/mix.ts';
import { repeat } from '../layers/repeat.ts';
import { residual } from '../layers/residual.ts';
import { rmsNorm } from '../layers/rms-norm.ts';
import { runningMean } from '../layers/running-mean.ts';
import { scan } from '../layers/scan.ts';
import { sequence } from '../layers/sequence.ts';
import { ternaryLinear } from '../layers/ternary-linear.ts';
import { tiedHead } from '../layers/tied-head.ts';
import { tokenShift } from '../layers/token-shift.ts';
import { adamw } from '../optim/adamw.ts';
import { groups } from '../optim/groups.ts';
import { lion } from '../optim/lion.ts';
import { muon } from '../optim/muon.ts';
import { phasesSchedule, twoStageSchedule, wsdSchedule } from '../optim/phases.ts';
import {
  constantSchedule,
  cosineSchedule,
  cyclesSchedule,
  linearSchedule,
  oneMinusSqrtSchedule,
} from '../optim/schedules.ts';
import { sgd } from '../optim/sgd.ts';
import { type Plugin, Registry } from './registry.ts';

const COMPONENTS = [
  embedding,
  rmsNorm,
  linear,
  ternaryLinear,
  ...activations,
  gated,
  dropout,
  tokenShift,
  delay,
  causalConv,
  scan,
  runningMean,
  sequence,
  residual,
  repeat,
  sum,
  product,
  concat,
  remember,
  mix,
  identity,
  tiedHead,
  sgd,
  adamw,
  lion,
  muon,
  groups,
  constantSchedule,
  linearSchedule,
  cosineSchedule,
  oneMinusSqrtSchedule,
  cyclesSchedule,
  wsdSchedule,
  twoStageSchedule,
  phasesSchedule,
  native,
  reference,
  checked,
  diff,
  timed,
] as unknown as readonly Component[];

/** What comes with the package, added in the way of any plugin. */
export const builtins: Plugin = {
  name: 'flashlm',
  register(add) {
    for (const component of COMPONENTS) add(component as never);
  },
};

/** A registry with the built-in components. There is no global one: two runs may use different plugins. */
export function createRegistry(): Registry {
  const registry = new Registry();
  registry.use(builtins);
  return registry;
}

/** Whether a component is one of the package's own, and not a plugin's. */
export const isBuiltin = (component: Component): boolean => COMPONENTS.includes(component);
