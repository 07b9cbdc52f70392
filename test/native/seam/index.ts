import { fstatSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Addon } from '../../../src/backends/native/addon.ts';
import { loadAddon } from '../../../src/backends/native/load.ts';
import { buildSeam } from './build.ts';

const require = createRequire(import.meta.url);

/** Words that the addon and a test share (`Shared` in seam.cpp). */
const WORDS = { allocations: 0, failBegin: 1, failEnd: 2, bytes: 3 } as const;
type Word = keyof typeof WORDS;

/**
 * The file that holds them. The addon maps it once, so a process has one of them, as long as it lives.
 */
function wordsFile(): number {
  const known = process.env.FLASHLM_SEAM;
  if (known) return openSync(known, 'r+');
  const folder = mkdtempSync(path.join(tmpdir(), 'flashlm-seam-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const name = path.join(folder, 'words');
  process.env.FLASHLM_SEAM = name;
  return openSync(name, 'w+');
}

/** An addon whose memory can be refused, and counted. */
export class Seam {
  private readonly words = wordsFile();

  private constructor(
    readonly addon: Addon,
    /** Of the addon. */
    readonly file: string,
  ) {
    for (const word of ['allocations', 'failBegin', 'failEnd'] as const) this.write(word, 0);
    if (fstatSync(this.words).size < 8 * Object.keys(WORDS).length) this.write('bytes', 0);
  }

  /** The loaded addon where it has the seam, as the mutation build has; else one that is built for it. */
  static async open(): Promise<Seam> {
    const loaded = loadAddon();
    if (loaded.addon) {
      const seam = new Seam(loaded.addon, loaded.path);
      if (seam.works()) return seam;
    }
    const file = path.join(await buildSeam(), 'flashlm.node');
    const seam = new Seam(require(file) as Addon, file);
    if (!seam.works()) throw new Error('the addon has no seam');
    return seam;
  }

  private works(): boolean {
    new this.addon.Engine({ isa: 'scalar' }).dispose();
    return this.read('allocations') > 0;
  }

  /** Bytes of working memory that are allocated, but for what was before the seam was opened. */
  get bytes(): number {
    return this.read('bytes');
  }

  /** How many allocations `run` makes. */
  allocationsOf(run: () => void): number {
    this.write('allocations', 0);
    run();
    return this.read('allocations');
  }

  /** Runs with the allocations from the `first` on refused, `count` of them. */
  without<T>(first: number, count: number, run: () => T): T {
    this.write('allocations', 0);
    this.write('failEnd', first + count);
    this.write('failBegin', first);
    try {
      return run();
    } finally {
      this.write('failBegin', 0);
      this.write('failEnd', 0);
    }
  }

  private read(word: Word): number {
    const buffer = new BigInt64Array(1);
    readSync(this.words, new Uint8Array(buffer.buffer), 0, 8, 8 * WORDS[word]);
    return Number(buffer[0]);
  }

  private write(word: Word, value: number): void {
    writeSync(this.words, new Uint8Array(BigInt64Array.of(BigInt(value)).buffer), 0, 8, 8 * WORDS[word]);
  }
}
