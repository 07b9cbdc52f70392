import { writeFileSync } from 'node:fs';
import { type FsCall, interpose } from '../interpose.ts';

/*
 * Loaded before the program (`--import .../at-call.ts?root=...`), so that something happens to the process at one of
 * its calls of the file system below `root`: the `call`-th (from 0) that changes the disk, or with `op` and `path` the
 * first `op` on a path that contains `path`. What happens is `signal`, `times` times; of SIGKILL nothing returns, and
 * `end=half` lets it come in the middle of a write. `count` names a file that is told the number of changes at the end.
 */
const query = new URL(import.meta.url).searchParams;
const root = query.get('root')!;
const signal = query.get('signal') as NodeJS.Signals | null;
const end = (query.get('end') ?? 'after') as 'half' | 'after';
let changes = 0;
let done = false;

function isTheOne(call: FsCall): boolean {
  if (done || !signal) return false;
  if (query.has('op')) return call.op === query.get('op') && call.path.includes(query.get('path')!);
  return call.changes && changes === Number(query.get('call'));
}

function send(): void {
  for (let i = 0; i < Number(query.get('times') ?? 1); i++) process.kill(process.pid, signal!);
}

await interpose({
  root,
  decide: (call) => {
    const now = isTheOne(call);
    if (call.changes) changes++;
    if (!now) return undefined;
    done = true;
    if (signal === 'SIGKILL') return { end };
    send();
    return undefined;
  },
  onEnd: send,
});

const count = query.get('count');
if (count) process.on('exit', () => writeFileSync(count, String(changes)));
