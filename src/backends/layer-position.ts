import { FlashError } from '../core/errors.ts';
import type { LayerCall, LayerWatch } from '../core/watch.ts';

/** Where in the model the kernels belong that are being called: a watch that decorators share. */
export class LayerPosition implements LayerWatch {
  /** Training step from 0; null outside. */
  step: number | null = null;
  /** Steps were told of, and none is under way: evaluation, samples. */
  betweenSteps = false;
  private readonly calls: LayerCall[] = [];

  /** The innermost running layer; undefined outside all layers, for example in the optimiser. */
  get layer(): LayerCall | undefined {
    return this.calls.at(-1);
  }

  /** `blocks.3.up, backward`. */
  describe(): string {
    return this.layer ? `${this.layer.path}, ${this.layer.pass}` : 'no layer';
  }

  beginStep(step: number): void {
    this.step = step;
    this.betweenSteps = false;
  }

  endStep(): void {
    this.step = null;
    this.betweenSteps = true;
  }

  around(call: LayerCall, run: () => void): void {
    this.calls.push(call);
    try {
      run();
    } finally {
      this.calls.pop();
    }
  }

  /** Adds the layer to an error that knows only its op and tensor. */
  locate(error: unknown): unknown {
    if (!(error instanceof FlashError) || !this.layer || error.where?.startsWith(this.describe()))
      return error;
    const { exitCode, remedy, cause } = error;
    const where = error.where ? `${this.describe()}; ${error.where}` : this.describe();
    return new FlashError(error.message, { where, exitCode, remedy, cause });
  }
}
