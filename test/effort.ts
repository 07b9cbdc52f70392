/**
 * How much the suites try. `npm test` has minutes: it takes every kind of case. `npm run test:all` sets FLASHLM_TESTS=all
 * and takes every case.
 */
export const ALL = process.env.FLASHLM_TESTS === 'all';

/** `all` under `npm run test:all`, else `usual`. */
export const effort = <T>(usual: T, all: T): T => (ALL ? all : usual);
