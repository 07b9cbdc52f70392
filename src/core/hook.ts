/** Whether a step computed every token (`dense`) or distinct tokens only (`collapsed`). */
export type StepMode = 'collapsed' | 'dense';

export interface StepEvent {
  readonly event: 'step';
  /** Steps done, this one included. */
  readonly step: number;
  /** Tokens trained on so far. */
  readonly tokens: number;
  /** Nats per token of this step's batch, before its update. */
  readonly loss: number;
  /** The lowest loss that a token-wise model can have on this batch; null where the model is not token-wise. */
  readonly floor: number | null;
  readonly lr: number;
  /** Before clipping. */
  readonly gradNorm: number;
  readonly tokensPerSecond: number;
  /** Training time so far, over all sittings and with this step. */
  readonly seconds: number;
  /** Called `path` since the first metrics.jsonl. */
  readonly path: StepMode;
  readonly backend: string;
  /** What its products were rounded to, as `computeName` gives it: `f32`, `bf16`, `int8`, `int8 (products f32)`. */
  readonly compute: string;
}

/** Why a run ended. */
export type Ending = 'steps' | 'tokens' | 'epochs' | 'time' | 'interrupted';

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

/** Called in order, awaited, between steps. */
export interface Hook {
  onStep?(event: StepEvent): void | Promise<void>;
  onEnd?(ending: Ending): void | Promise<void>;
  /** Now and then within work that takes long, not awaited. */
  onProgress?(progress: WorkProgress): void;
}
