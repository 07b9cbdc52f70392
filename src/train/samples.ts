import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { lstat, readFile } from 'node:fs/promises';
import { FlashError } from '../core/errors.ts';
import { fileError, writeFileAtomic, writeFully } from '../files/files.ts';
import type { SampleEvent } from './events.ts';

type Sample = Pick<SampleEvent, 'step' | 'text'>;

/** Adds a generated text to a run's samples.txt. Throws FlashError when the disk refuses. */
export function appendSample(path: string, sample: Sample): void {
  // Links are not followed, and a pipe is not waited for: a run writes nowhere but in its own directory.
  const { O_WRONLY, O_CREAT, O_APPEND, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
  let fd: number | undefined;
  try {
    fd = openSync(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK, 0o644);
    if (!fstatSync(fd).isFile()) throw new FlashError('The samples are not a regular file', { where: path });
    writeFully(fd, format(sample));
  } catch (error) {
    throw fileError(error, 'Cannot write the sample', path);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** Makes samples.txt hold just these texts: those of the steps before the one that a run resumes from. */
export async function restoreSamples(path: string, samples: readonly Sample[]): Promise<void> {
  const text = samples.map(format).join('');
  // A pipe in its place would be waited for for ever; what is not a file is refused when the first sample is added.
  const state = await lstat(path).catch(() => null);
  if (state && !state.isFile()) return;
  const there = state ? await readFile(path, 'utf8').catch(() => '') : '';
  if (there !== text) await writeFileAtomic(path, text);
}

function format({ step, text }: Sample): string {
  return `--- step ${step}\n${text}\n\n`;
}
