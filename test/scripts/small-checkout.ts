import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('../../', import.meta.url));
const PARTS = [
  'bin',
  'scripts/compile.mjs',
  'scripts/dist-state.mjs',
  'scripts/start-checkout.mjs',
  'native/build-stamp.mjs',
];

/** A checkout that has this one's start and compilation, and a program that prints where it runs from. */
export class SmallCheckout {
  readonly root = mkdtempSync(path.join(tmpdir(), 'flashlm-checkout-'));

  constructor() {
    for (const part of PARTS) cpSync(path.join(repository, part), this.path(part), { recursive: true });
    symlinkSync(path.join(repository, 'node_modules'), this.path('node_modules'));
    const compilerOptions = {
      module: 'NodeNext',
      lib: ['ES5'],
      types: [],
      rewriteRelativeImportExtensions: true,
      rootDir: 'src',
      outDir: 'dist',
    };
    this.write('package.json', '{ "type": "module" }');
    this.write('tsconfig.json', '{}');
    this.write('tsconfig.build.json', JSON.stringify({ compilerOptions, include: ['src'] }));
    this.write(
      'src/log.ts',
      'export const log = (text: string): void => (globalThis as any).console.log(text);\n',
    );
    this.write('src/old.ts', 'export const old = 1;\n');
    this.write('src/data/sample.txt', 'Once upon a time');
    this.writeProgram("(import.meta as any).url.includes('/dist/') ? 'dist' : 'src'");
  }

  path(...parts: string[]): string {
    return path.join(this.root, ...parts);
  }

  write(name: string, text: string): void {
    mkdirSync(path.dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), text);
  }

  /** The program prints the value of this expression. */
  writeProgram(value: string): void {
    this.write('src/cli/main.ts', `import { log } from '../log.ts';\nlog(${value});\n`);
    // Its time differs from that of the one before, however fast the test is.
    utimesSync(this.path('src/cli/main.ts'), new Date(), new Date(Date.now() + value.length * 1000));
  }

  /** Runs a script of the checkout from another folder. */
  run(script: string): { status: number | null; stdout: string; stderr: string } {
    const options = { cwd: tmpdir(), encoding: 'utf8' } as const;
    const { status, stdout, stderr } = spawnSync(process.execPath, [this.path(script)], options);
    return { status, stdout, stderr };
  }

  modified(name: string): number {
    return statSync(this.path(name)).mtimeMs;
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
