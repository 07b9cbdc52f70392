/**
 * The learning rate of each step. `done` is the share of the run after warm-up that lies behind this step, in [0, 1],
 * measured in whatever limits the run: steps, tokens or wall-clock time.
 */
export interface Schedule {
  readonly type: string;
  /** Steps of linear warm-up: step k (from 0) runs at (k + 1) / warmupSteps of the rate. */
  readonly warmupSteps: number;
  rate(peak: number, step: number, done: number): number;
}

type Decay = (peak: number, done: number) => number;

function schedule(type: string, warmupSteps: number, decay: Decay): Schedule {
  return {
    type,
    warmupSteps,
    rate: (peak, step, done) =>
      step < warmupSteps ? (peak * (step + 1)) / warmupSteps : decay(peak, Math.min(1, Math.max(0, done))),
  };
}

export const constant = (warmupSteps: number): Schedule => schedule('constant', warmupSteps, (peak) => peak);

/** Straight down to `minLr`. */
export const linear = (warmupSteps: number, minLr: number): Schedule =>
  schedule('linear', warmupSteps, (peak, done) => peak + (minLr - peak) * done);

/** Half a cosine down to `minLr` (Loshchilov and Hutter 2017). */
export const cosine = (warmupSteps: number, minLr: number): Schedule =>
  schedule(
    'cosine',
    warmupSteps,
    (peak, done) => minLr + 0.5 * (peak - minLr) * (1 + Math.cos(Math.PI * done)),
  );
