/** How long to measure. */
export interface Effort {
  /** Measurements of each op and each limit, and the seconds that one of them takes. */
  readonly rounds: number;
  readonly seconds: number;
  /** The same for whole steps: a turn takes at least one step. */
  readonly stepRounds: number;
  readonly stepSeconds: number;
}

export const FULL: Effort = { rounds: 15, seconds: 0.005, stepRounds: 5, stepSeconds: 0.3 };
export const QUICK: Effort = { rounds: 5, seconds: 0.002, stepRounds: 2, stepSeconds: 0.1 };
