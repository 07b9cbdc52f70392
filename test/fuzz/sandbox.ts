import { execFileSync } from 'node:child_process';
import {
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Sandbox } from './target.ts';

/** Makes `<tmp>/flashlm-fuzz-.../{inside,outside}`; `outside` holds a file and a named pipe. */
export function makeSandbox(): Sandbox {
  const root = mkdtempSync(join(tmpdir(), 'flashlm-fuzz-'));
  const [inside, outside] = [join(root, 'inside'), join(root, 'outside')];
  mkdirSync(inside);
  mkdirSync(outside);
  writeFileSync(join(outside, 'precious'), 'precious\n');
  const pipe = join(outside, 'pipe');
  execFileSync('mkfifo', [pipe]);
  return { inside, outside, pipe };
}

export function removeSandbox({ inside }: Sandbox): void {
  rmSync(dirname(inside), { recursive: true, force: true });
}

/** Everything around `inside` as text: two equal texts mean that nothing was made, changed or removed. */
export function surroundings({ inside, outside }: Sandbox): string {
  const root = dirname(inside);
  return [...describe(root), ...describe(outside)].join('\n');
}

function describe(folder: string): string[] {
  return readdirSync(folder).map((name) => {
    const path = join(folder, name);
    const stat = lstatSync(path, { bigint: true });
    const link = stat.isSymbolicLink() ? readlinkSync(path) : '';
    // What is in a folder is listed for itself; that it changes is what `inside` is for.
    const content = stat.isDirectory() ? '' : `${stat.size} ${stat.mtimeNs}`;
    return `${path} ${stat.ino} ${stat.mode} ${content} ${link}`;
  });
}

/** What may stand where a file of ours is expected, and how it gets there. */
const SETTERS = {
  pipe: (path, { pipe }) => linkSync(pipe, path),
  folder: (path) => mkdirSync(join(path, 'x'), { recursive: true }),
  'link to a file': (path, { outside }) => symlinkSync(join(outside, 'precious'), path),
  'link to a folder': (path, { outside }) => symlinkSync(outside, path),
  'link to nowhere': (path, { outside }) => symlinkSync(join(outside, 'made-through-a-link'), path),
  'link to itself': (path) => symlinkSync(path, path),
  device: (path) => symlinkSync('/dev/zero', path),
  empty: (path) => writeFileSync(path, ''),
  garbage: (path) => writeFileSync(path, Buffer.from('{"a":[\0\xff', 'latin1')),
  huge: (path) => {
    writeFileSync(path, '{');
    truncateSync(path, 2 ** 35);
  },
  nothing: () => {},
} satisfies Record<string, (path: string, sandbox: Sandbox) => unknown>;

export type Trap = keyof typeof SETTERS;
export const TRAPS = Object.keys(SETTERS) as Trap[];

/** Puts a trap in the place of whatever is at `path`. */
export function setTrap(path: string, trap: Trap, sandbox: Sandbox): void {
  rmSync(path, { recursive: true, force: true });
  mkdirSync(dirname(path), { recursive: true });
  SETTERS[trap](path, sandbox);
}
