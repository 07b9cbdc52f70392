import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { FlashError } from '../../src/core/errors.ts';
import { download, expectWhole, hub, useHub } from '../data/download-hub.ts';
import { type FsCall, interpose } from './interpose.ts';

useHub();

/** Lets every call fail from the `n`-th on that could, for every `n`; then downloads again. */
async function sweep(code: string, counts: (call: FsCall) => boolean, message: RegExp): Promise<Set<string>> {
  const refused = new Set<string>();
  for (let n = 0; ; n++) {
    for (const name of await readdir(hub.dir)) await rm(join(hub.dir, name));
    let count = 0;
    let first: FsCall | undefined;
    const restore = await interpose({
      root: hub.dir,
      decide: (call) => {
        if (!counts(call) || count++ < n) return undefined;
        first ??= call;
        return { code, half: true };
      },
    });
    const error: unknown = await download().then(
      () => undefined,
      (error: unknown) => error,
    );
    await restore();
    if (!first) return refused;
    if (error) {
      refused.add(first.op);
      expect(error).toBeInstanceOf(FlashError);
      expect((error as FlashError).lines().join('\n'), `${n}: ${first.op} ${first.path}`).toMatch(message);
    }
    // The part that was fetched is kept, and fetching goes on from there.
    if (code === 'EROFS') await clearAway();
    await download();
    await expectWhole();
  }
}

/** What a disk that refuses to remove anything leaves; the lock holds as long as this process lives. */
async function clearAway(): Promise<void> {
  for (const name of await readdir(hub.dir)) {
    if (/\.lock|\.tmp$|\.part\.json$/.test(name)) await rm(join(hub.dir, name));
  }
}

it('a download to a disk that fills up at any moment ends with one clear error', async () => {
  const message = /no space left on the disk\n {2}at .*\n {2}Free some space/;
  const refused = await sweep('ENOSPC', ({ grows }) => grows, message);
  for (const op of ['open', 'handle.writeFile', 'handle.sync']) expect(refused).toContain(op);
});

it('a download to a disk that becomes read-only at any moment ends with one clear error', async () => {
  const refused = await sweep(
    'EROFS',
    ({ changes }) => changes,
    /the file system is read-only\n {2}at .*\n {2}/,
  );
  for (const op of ['open', 'rename']) expect(refused).toContain(op);
});
