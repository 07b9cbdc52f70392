import type { StepEvent } from '../core/hook.ts';

/** What is wrong with a loss. */
export interface Divergence {
  /** `start`: the first weights already predict worse than chance; `rise`: training made it worse. */
  readonly kind: 'start' | 'rise';
  readonly step: number;
  /** Nats a token, smoothed over some steps but for `start`. */
  readonly loss: number;
  /** Nats a token of guessing every token alike. */
  readonly chance: number;
  /** The lowest smoothed loss so far. */
  readonly min: number;
  /** Largest learning rate so far. */
  readonly lr: number;
}

/** A step's share of the smoothed loss: about the last ten steps count. */
const WEIGHT = 0.2;
/** Nats above chance, or above the lowest loss so far, that noise does not make; of huge losses their share. */
const FAR = 1;
const FAR_SHARE = 0.2;

/** Watches the losses of a run for what no longer learns: far above chance, or far above what it had reached. */
export class DivergenceWatch {
  private smooth = Number.NaN;
  private min = Number.POSITIVE_INFINITY;
  private lr = 0;
  private wasLow = false;
  private current: Divergence | null = null;

  constructor(private readonly vocab: number) {}

  /** What is wrong as of the last step; null where nothing is. */
  get now(): Divergence | null {
    return this.current;
  }

  /** Takes in the next step. @returns what has newly gone wrong, once until it is right again. */
  add({ step, loss, lr }: Pick<StepEvent, 'step' | 'loss' | 'lr'>): Divergence | null {
    const chance = Math.log(this.vocab);
    this.smooth = Number.isNaN(this.smooth) ? loss : this.smooth + WEIGHT * (loss - this.smooth);
    this.lr = Math.max(this.lr, lr);
    this.min = Math.min(this.min, this.smooth);
    this.wasLow ||= this.smooth < chance + FAR;
    const found = { step, loss: this.smooth, chance, min: this.min, lr: this.lr };
    const before = this.current;
    if (step === 1 && loss > chance + FAR) this.current = { kind: 'start', ...found };
    else if (
      this.smooth > this.min + Math.max(FAR, FAR_SHARE * this.min) ||
      (this.wasLow && this.smooth > chance + FAR)
    ) {
      this.current = { kind: 'rise', ...found };
    } else if (this.wasLow) this.current = null;
    return this.current && this.current.kind !== before?.kind ? this.current : null;
  }
}
