import { appendFileSync } from 'node:fs';
import { fileError } from '../core/files.ts';
import type { SampleEvent } from './events.ts';

/** Adds a generated text to a run's samples.txt. */
export function appendSample(path: string, { step, text }: SampleEvent): void {
  try {
    appendFileSync(path, `--- step ${step}\n${text}\n\n`);
  } catch (error) {
    throw fileError(error, 'Cannot write the sample', path);
  }
}
