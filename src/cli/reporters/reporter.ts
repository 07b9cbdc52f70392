import type { WorkProgress } from '../../core/hook.ts';
import type { TrainEvent } from '../../train/events.ts';

/** Shows a person or a program how a training run goes. */
export interface Reporter {
  /** Hears of everything that happens in the run, in order. */
  onEvent(event: TrainEvent): void;
  /** Hears how far the work is that comes before the next event. */
  onProgress(progress: WorkProgress): void;
  /** A line for the person that is no event: what runs, a notice. */
  say(line: string): void;
  /** Nothing more comes, also after an error: gives the terminal back. */
  close(): void;
}
