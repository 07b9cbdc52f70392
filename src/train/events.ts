import type { LayerTime, OpTime } from '../backends/timed/timed.ts';
/** Which route a step took: every token computed, or distinct tokens only. */
export type Path = 'collapsed' | 'dense';

export interface StepEvent {
  readonly event: 'step';
  /** Steps done, this one included. */
  readonly step: number;
  /** Tokens trained on so far. */
  readonly tokens: number;
  /** Nats per token of this step's batch, before its update. */
  readonly loss: number;
  /** The least loss that any token-wise model could have on this batch; null where the model is not token-wise. */
  readonly floor: number | null;
  readonly lr: number;
  /** Before clipping. */
  readonly gradNorm: number;
  readonly tokensPerSecond: number;
  /** Training time so far, over all sittings and with this step. */
  readonly seconds: number;
  readonly path: Path;
  readonly backend: string;
  /** What its products were rounded to, as `computeName` gives it: `f32`, `bf16`, `int8`, `int8 (products f32)`. */
  readonly compute: string;
}

export interface EvalEvent {
  readonly event: 'eval';
  readonly step: number;
  readonly split: string;
  /** Nats per predicted token, end-of-document tokens included. */
  readonly loss: number;
  /** As in `StepEvent`, over the same tokens as the loss; null too where those are so few that it means nothing. */
  readonly floor: number | null;
  /** `exp(loss)`; null where that is beyond the range of a float64, so for a loss above 709. */
  readonly ppl: number | null;
  /** False for a model that may see the tokens it predicts: its scores are not a language model's. */
  readonly causal: boolean;
  /** Bits per character (Unicode code points of the documents' text); null where all documents are empty. */
  readonly bpc: number | null;
  /** Bits per UTF-8 byte of the documents' text; null where all documents are empty. */
  readonly bpb: number | null;
  readonly tokens: number;
  readonly characters: number;
  readonly bytes: number;
}

export interface SampleEvent {
  readonly event: 'sample';
  readonly step: number;
  readonly prompt: string;
  readonly text: string;
}

export interface CheckpointEvent {
  readonly event: 'checkpoint';
  readonly step: number;
  readonly dir: string;
}

/** Why a run ended. */
export type Ending = 'steps' | 'tokens' | 'epochs' | 'time' | 'interrupted';

export interface DoneEvent {
  readonly event: 'done';
  readonly runDir: string;
  readonly seconds: number;
  readonly step: number;
  readonly ending: Ending;
}

/** Where the time of a run on a timed backend went, from its (re)start to its last step. */
export interface TimingEvent {
  readonly event: 'timing';
  readonly step: number;
  /** Training time of those steps; what is not in kernels is batches, layers and the calls themselves. */
  readonly seconds: number;
  readonly ops: readonly OpTime[];
  readonly layers: readonly LayerTime[];
}

/** How far the work between two events is. It is shown to a person, and written nowhere. */
export interface WorkProgress {
  readonly work: 'step' | 'evaluation' | 'sample';
  /** What is evaluated: `train`, `valid`. */
  readonly split?: string;
  /** From 0 to 1. */
  readonly share: number;
  /** Seconds since it began. */
  readonly seconds: number;
}

export type TrainEvent = StepEvent | EvalEvent | SampleEvent | CheckpointEvent | TimingEvent | DoneEvent;
