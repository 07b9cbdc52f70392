/**
 * The learning rate of each step. `done` is the share of the run after warm-up that is done at this step, in [0, 1],
 * measured in whatever limits the run: steps, tokens or wall-clock time.
 */
export interface Schedule {
  readonly type: string;
  /** Steps of linear warm-up: step k (from 0) runs at (k + 1) / warmupSteps of the rate. */
  readonly warmupSteps: number;
  rate(peak: number, step: number, done: number): number;
}
