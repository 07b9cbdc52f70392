import { cp, mkdir, readdir, rename } from 'node:fs/promises';
import path from 'node:path';

/** Copies what was compiled in one build folder into another, where a build then compiles only what differs. */
export async function copyObjects(from: string, to: string): Promise<void> {
  await mkdir(path.join(to, 'obj'), { recursive: true });
  for (const file of await readdir(path.join(from, 'obj'))) {
    if (!/\.[od]$/.test(file)) continue;
    // Renamed: another test may be building too.
    const copy = path.join(to, 'obj', file);
    await cp(path.join(from, 'obj', file), `${copy}.${process.pid}`, { preserveTimestamps: true });
    await rename(`${copy}.${process.pid}`, copy);
  }
}
