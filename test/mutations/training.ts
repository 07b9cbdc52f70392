import type { Backend } from '../../src/core/backend.ts';
import type { StepEvent } from '../../src/core/hook.ts';
import { memoryOf } from '../../src/core/memory.ts';
import type { Optimizer } from '../../src/core/optimizer.ts';
import { cosine } from '../../src/optim/schedules.ts';
import { Trainer, type TrainerParts } from '../../src/train/trainer.ts';
import { randomTokens } from '../properties/models.ts';
import { type Mixing, modelOf, type Subject, VOCAB } from './subject.ts';

const SEQ_LEN = 5;
const TOKENS = 6 * SEQ_LEN;
/** The end of the schedule, whether or not a run gets there. */
const STEPS = 4;
const NONE = Number.POSITIVE_INFINITY;

/** One sitting of a run of a subject's model. */
export class Sitting {
  readonly parts: TrainerParts;
  readonly trainer: Trainer;
  readonly events: StepEvent[] = [];

  constructor(subject: Subject, backend: Backend, mixing: Mixing, optimizer: Optimizer) {
    const model = modelOf(subject, backend, mixing);
    const batches = subject.batches({
      fill: (step, ids, targets) => {
        const drawn = randomTokens(TOKENS, VOCAB, step);
        ids.set(drawn.ids);
        targets.set(drawn.targets);
      },
    });
    const optimizerPlan = optimizer.plan(model.store.all, memoryOf(backend));
    this.parts = { model, optimizer, optimizerPlan, schedule: cosine(1, 0.0001), batches };
    this.trainer = new Trainer(
      this.parts,
      {
        limits: { steps: STEPS, tokens: NONE, epochs: NONE, seconds: NONE },
        measure: 'steps',
        clip: 1,
        collapse: 'auto',
        seqLen: SEQ_LEN,
        tokensPerStep: TOKENS,
        tokensPerEpoch: TOKENS,
        blockRows: 2 * SEQ_LEN,
      },
      [{ onStep: (event) => void this.events.push(event) }],
    );
  }

  /** Trains up to and with step `last`. */
  async until(last: number): Promise<void> {
    // Aborted before it begins, a run makes one step.
    const one = AbortSignal.abort();
    while (this.trainer.progress.step < last) await this.trainer.run(one);
  }
}
