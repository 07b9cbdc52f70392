import type { Ending, StepEvent } from '../core/hook.ts';
import type { LayerTime, OpTime } from '../core/kernel-times.ts';
import type { Windows } from './windows.ts';

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
  /** How longer documents were read, for models that can't read them at once; left out for others. */
  readonly windows?: Windows & {
    /** Tokens that were scored without the beginning of their document. */
    readonly cut: number;
  };
}

/** Shares of ternary codes, from 0 to 1. */
export interface CodeShares {
  readonly minus: number;
  readonly zero: number;
  readonly plus: number;
  /** Codes that the update of this one step changed. */
  readonly flipped: number;
}

/** The ternary weights of a model after a step, all together and by layer. */
export interface TernaryEvent extends CodeShares {
  readonly event: 'ternary';
  readonly step: number;
  readonly layers: readonly (CodeShares & {
    /** Of the parameter, as in checkpoints. */
    readonly name: string;
    /** What the codes are multiplied by; the mean, where each row has a scale. */
    readonly scale: number;
  })[];
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

export type TrainEvent =
  | StepEvent
  | EvalEvent
  | TernaryEvent
  | SampleEvent
  | CheckpointEvent
  | TimingEvent
  | DoneEvent;
