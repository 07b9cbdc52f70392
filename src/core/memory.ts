import { allocateMat } from './allocate.ts';
import type { Backend } from './backend.ts';
import type { Mat } from './tensor.ts';

/** Hands out zeroed float arrays: those of a backend, or none at all where they are only counted. */
export interface Memory {
  mat(rows: number, cols: number, label: string): Mat;
}

/** The memory of a backend. @throws FlashError where there is no room, naming the bytes. */
export function memoryOf(backend: Backend): Memory {
  return { mat: (rows, cols, label) => allocateMat(backend, rows, cols, label) };
}
