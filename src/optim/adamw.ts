import type { Kernels } from '../core/kernels.ts';
import { decays, type Optimizer, type SlottedParameter } from './optimizer.ts';

export interface AdamWOptions {
  readonly lr: number;
  readonly betas: readonly [number, number];
  readonly eps: number;
  readonly weightDecay: number;
}

/** Adam with decoupled weight decay and bias correction (Loshchilov and Hutter 2019). */
export class AdamW implements Optimizer {
  readonly type = 'adamw';
  readonly slots = ['mean', 'square'];
  readonly lr: number;

  constructor(private readonly options: AdamWOptions) {
    this.lr = options.lr;
  }

  update(k: Kernels, parameters: readonly SlottedParameter[], lr: number, step: number): void {
    const { betas, eps, weightDecay } = this.options;
    for (const { parameter: p, slots } of parameters) {
      const decay = decays(p) ? weightDecay : 0;
      k.adamW(p.value, slots[0]!, slots[1]!, p.grad, lr, betas[0], betas[1], eps, decay, step);
    }
  }
}
