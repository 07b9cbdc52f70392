import type { FlashErrorDetails } from '../core/errors.ts';
import type { Job } from './chunk-jobs.ts';

/** A job on its way to a worker, and the answer on its way back. */
export interface Request {
  readonly id: number;
  readonly job: Job;
}
export interface Reply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: unknown;
  readonly flashError?: FlashErrorDetails & { readonly message: string };
}

/** The memory of a message's arrays, to be transferred instead of copied. */
export function buffersOf(message: unknown): ArrayBuffer[] {
  return Object.values(message ?? {}).flatMap((value) =>
    ArrayBuffer.isView(value) ? [value.buffer as ArrayBuffer] : [],
  );
}
