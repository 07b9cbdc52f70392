import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { FlashError } from '../core/errors.ts';
import { formatBytes } from '../core/format-bytes.ts';
import { fileError } from './files.ts';

/**
 * Opens a file for reading and returns its descriptor. A folder, a pipe or a device in its place is refused at once.
 * Throws FlashError: `<action>: <reason>`, with `remedy` where it is not a file.
 */
export function openRegularFile(path: string, action: string, remedy = 'Give the path of a file.'): number {
  let fd: number | undefined;
  try {
    // Without O_NONBLOCK a pipe would be waited for before it can be refused.
    fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stat = fstatSync(fd);
    if (stat.isFile()) return fd;
    const what = stat.isDirectory() ? 'it is a folder' : 'it is not a regular file';
    throw new FlashError(`${action}: ${what}`, { where: path, remedy });
  } catch (error) {
    if (fd !== undefined) closeSync(fd);
    throw fileError(error, action, path);
  }
}

/**
 * The text of a file of at most `most` bytes (by default as many as a note of ours may have); what is larger is
 * refused unread. Throws FlashError as `openRegularFile` does.
 */
export function readSmallFile(path: string, action: string, most = 1 << 16): string {
  const fd = openRegularFile(path, action);
  try {
    const { size } = fstatSync(fd);
    if (size > most) {
      throw new FlashError(`${action}: it is too large (${formatBytes(size)})`, {
        where: path,
        remedy: `Such a file has at most ${formatBytes(most)}: check the path.`,
      });
    }
    const bytes = Buffer.alloc(size);
    let length = 0;
    for (let count = -1; count !== 0 && length < size; length += count) {
      count = readSync(fd, bytes, length, size - length, null);
    }
    return bytes.toString('utf8', 0, length);
  } catch (error) {
    throw fileError(error, action, path);
  } finally {
    closeSync(fd);
  }
}
