/** What the container of a run holds, and under which token (a module of its own keeps their types unique). */
export const RECIPE = Symbol('Recipe');
export const BACKEND = Symbol('Backend');
export const MODEL = Symbol('Model');
export const OPTIMIZER = Symbol('Optimizer');
export const OPTIMIZER_PLAN = Symbol('OptimizerState');
export const SCHEDULE = Symbol('Schedule');
export const NOTICES = Symbol('Notices');
export const RESOLVE = Symbol('Resolve');
export const DISPOSE = Symbol('Dispose');
