import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/**
 * Puts the temporary files of all tests, and of the processes that they start, into one folder and removes it at the end:
 * vitest ends its workers by a signal, so what they would remove on exit stays.
 */
export default function setup(): () => void {
  const folder = mkdtempSync(path.join(tmpdir(), 'flashlm-'));
  process.env.TMPDIR = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}
