import type { Backend } from '../../src/core/backend.ts';
import type { Kernels } from '../../src/core/kernels.ts';

/** A backend whose kernels are exchanged while a model is bound to it: for passes of `StraightThrough`. */
export class SwitchedKernels {
  kernels: Kernels;
  readonly backend: Backend;

  constructor(inner: Backend) {
    this.kernels = inner.kernels;
    const current = () => this.kernels;
    this.backend = {
      ...inner,
      get kernels() {
        return current();
      },
    };
  }
}
