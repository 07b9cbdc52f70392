// What dist is made from, and whether it still is what that gives.
import path from 'node:path';
import { readStamp, repository, stateOf } from '../native/build-stamp.mjs';

const SOURCES = ['src', 'tsconfig.json', 'tsconfig.build.json', 'scripts/compile.mjs'];

/** What `compile.mjs` leaves about the dist that it made. */
export const STAMP = path.join(repository, 'dist', '.built');

/** What the compiler remembers about the dist that it made. */
export const BUILD_INFO = path.join(repository, 'dist', '.tsbuildinfo');

export const sourceState = () => stateOf(SOURCES);

export const isCompiled = () => readStamp(STAMP).sources === sourceState();
