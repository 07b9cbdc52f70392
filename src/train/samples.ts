import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';
import { FlashError } from '../core/errors.ts';
import { fileError } from '../core/files.ts';
import type { SampleEvent } from './events.ts';

/** Adds a generated text to a run's samples.txt. */
export function appendSample(path: string, { step, text }: SampleEvent): void {
  // Links are not followed, and a pipe is not waited for: a run writes nowhere but in its own directory.
  const { O_WRONLY, O_CREAT, O_APPEND, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
  let fd: number | undefined;
  try {
    fd = openSync(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK, 0o644);
    if (!fstatSync(fd).isFile()) throw new FlashError('The samples are not a regular file', { where: path });
    writeSync(fd, `--- step ${step}\n${text}\n\n`);
  } catch (error) {
    throw fileError(error, 'Cannot write the sample', path);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
