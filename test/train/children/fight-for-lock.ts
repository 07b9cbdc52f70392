import { closeSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { FlashError } from '../../../src/core/errors.ts';
import { LockFile } from '../../../src/files/lock-file.ts';

// Takes the lock `rounds` times. Every second time it is not released but left as a dead process leaves it, so that
// the others have to take it over. Prints how often somebody else was inside at the same time.
const [lockPath, rounds] = process.argv.slice(2) as [string, string];
const inside = `${lockPath}-inside`;
let overlaps = 0;
for (let round = 0; round < Number(rounds); ) {
  let lock: LockFile;
  try {
    lock = await LockFile.acquire(lockPath, 'It');
  } catch (error) {
    if (!(error instanceof FlashError) || !error.message.includes('in use')) throw error;
    await sleep(Math.random() * 3);
    continue;
  }
  round++;
  try {
    closeSync(openSync(inside, 'wx'));
  } catch {
    overlaps++;
  }
  await sleep(1);
  rmSync(inside, { force: true });
  if (round % 2 === 0) await lock.release();
  else {
    const dead = { ...JSON.parse(readFileSync(lockPath, 'utf8')), processStart: '1' };
    writeFileSync(`${lockPath}.${process.pid}`, JSON.stringify(dead));
    renameSync(`${lockPath}.${process.pid}`, lockPath);
  }
}
process.stdout.write(`${overlaps}`);
