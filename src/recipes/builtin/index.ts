import type { Plugin } from '../registry.ts';
import { native, reference } from './backends.ts';
import { repeat, residual } from './containers.ts';
import { checked, diff, timed } from './decorators.ts';
import { embedding, rmsNorm, silu, ternaryLinear, tiedHead, tokenShift } from './layers.ts';
import { adamw, sgd } from './optimizers.ts';
import { constantSchedule, cosineSchedule, linearSchedule } from './schedules.ts';

/** What comes with the package, added in the way of any plugin. */
export const builtins: Plugin = {
  name: 'flashlm',
  register(add) {
    add(embedding);
    add(rmsNorm);
    add(ternaryLinear);
    add(silu);
    add(tokenShift);
    add(residual);
    add(repeat);
    add(tiedHead);
    add(sgd);
    add(adamw);
    add(constantSchedule);
    add(linearSchedule);
    add(cosineSchedule);
    add(native);
    add(reference);
    add(checked);
    add(diff);
    add(timed);
  },
};
