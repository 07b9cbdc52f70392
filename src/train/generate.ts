import { allocateMat } from '../core/backend.ts';
import { FLOAT32 } from '../core/compute.ts';
import type { StepContext } from '../core/layer.ts';
import type { Mat } from '../core/tensor.ts';
import { type BlockPlan, Blocks, type Model } from '../runtime/model.ts';
import type { Sampler } from './sampling.ts';

/**
 * One token at a time through the same forward as training, on sequences of one row whose layers carry their state.
 * One text at a time.
 */
export class TextGenerator {
  private readonly plan: BlockPlan;
  private readonly logits: Mat;

  constructor(private readonly model: Model) {
    const blocks = new Blocks(model, { rows: 1, seqLen: 1, training: false, targetCapacity: 1 });
    this.plan = blocks.plan(1);
    this.logits = allocateMat(model.backend, 1, model.vocab, 'logits');
  }

  /**
   * Tokens after `prompt` until `eos` (which is not given) or `maxTokens`. The text begins after an end-of-document
   * token, as every document in training does. `onRead` hears after each token of the prompt how many were read.
   */
  *generate(
    prompt: Iterable<number>,
    eos: number,
    maxTokens: number,
    sampler: Sampler,
    onRead?: (tokens: number) => void,
  ): Iterable<number> {
    this.model.prepare();
    const k = this.model.backend.kernels;
    const first: StepContext = { k, seqLen: 1, carry: false, compute: FLOAT32 };
    const next: StepContext = { ...first, carry: true };
    this.feed(eos, first);
    let read = 0;
    for (const id of prompt) {
      this.feed(id, next);
      onRead?.(++read);
    }
    for (let i = 0; i < maxTokens; i++) {
      this.plan.logits(next, this.logits);
      const token = sampler.sample(this.logits.data);
      if (token === eos) return;
      yield token;
      this.feed(token, next);
    }
  }

  /** How many ids the model knows. */
  get vocab(): number {
    return this.model.vocab;
  }

  private feed(id: number, ctx: StepContext): void {
    this.plan.ids.data[0] = id;
    this.plan.forward(ctx);
  }
}
