import type { Kernels } from '../core/kernels.ts';
import { decays, type Optimizer, type SlottedParameter } from './optimizer.ts';

export interface SgdOptions {
  readonly lr: number;
  readonly momentum: number;
  readonly weightDecay: number;
}

/** Stochastic gradient descent with momentum: `v = mu v + g + decay p`, `p -= lr v`. */
export class Sgd implements Optimizer {
  readonly type = 'sgd';
  readonly slots = ['velocity'];
  readonly lr: number;

  constructor(private readonly options: SgdOptions) {
    this.lr = options.lr;
  }

  update(k: Kernels, parameters: readonly SlottedParameter[], lr: number): void {
    const { momentum, weightDecay } = this.options;
    for (const { parameter, slots } of parameters) {
      k.sgdMomentum(
        parameter.value,
        slots[0]!,
        parameter.grad,
        lr,
        momentum,
        decays(parameter) ? weightDecay : 0,
      );
    }
  }
}
