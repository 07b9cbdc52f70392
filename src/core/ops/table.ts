import * as entries from './entries/index.ts';
import type { OpSpec } from './spec.ts';

export type OpEntries = typeof entries;
export type OpName = keyof OpEntries;

/** What every op means: one entry per op, each in the file of its family in `entries`. */
export const OPS: Readonly<Record<OpName, OpSpec>> = { ...entries };

/** In alphabetical order: tools that bundle modules may list what a module exports in any. */
export const OP_NAMES = Object.keys(OPS).sort() as OpName[];
