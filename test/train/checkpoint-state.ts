import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Changes what a checkpoint's state.json says, and makes its checksum right again. */
export function editState(checkpoint: string, edit: (state: Record<string, unknown>) => void): void {
  const path = join(checkpoint, 'state.json');
  const { sha256: _, ...body } = JSON.parse(readFileSync(path, 'utf8'));
  edit(body.state);
  const sha256 = createHash('sha256').update(JSON.stringify(body)).digest('hex');
  writeFileSync(path, JSON.stringify({ ...body, sha256 }));
}
