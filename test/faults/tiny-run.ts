import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import { resumeRun, type Session, type SessionOptions, startRun } from '../../src/app/session.ts';
import { loadRecipe } from '../../src/recipes/load.ts';
import { checkpointName, listCheckpoints, readCheckpoint } from '../../src/train/checkpoint-files.ts';
import { RunDirectory, runFiles } from '../../src/train/run-directory.ts';

export const STEPS = 6;

/** Everything a run does happens in it: evaluations, samples, checkpoints that are pruned, a last step between two. */
export const RECIPE = `
name: tiny
model:
  - embedding: { vocab: 280, dim: 8 }
  - residual:
      - rms_norm
      - token_shift
      - ternary_linear: { out: 8, activations: int8 }
  - rms_norm
  - tied_head
tokenizer: { type: byte_bpe, vocab: 280 }
data: { source: [train.txt], valid: [valid.txt], seq_len: 8, batch: 2, order: shuffled }
optimizer: { type: adamw, lr: 0.01 }
schedule: { type: cosine, min_lr: 0.001, warmup_steps: 2 }
train: { steps: ${STEPS}, seed: 1 }
# The look for leaks uses no disk, and would take as long as the rest of a run.
causal: false
checkpoint: { every: 4, keep: 2 }
eval: { every: 3 }
sample: { every: 4, max_tokens: 4 }
backend: reference
`;
const TEXT = 'The cat sat on the mat.\n<|endoftext|>\nA dog ran to the cat.\n<|endoftext|>\n';

const SILENT: SessionOptions = { report: () => {}, onNotice: () => {} };

/** Waiting for a real disk to flush would be most of the time of these tests. */
const MEMORY = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** A folder with a recipe, its texts, a cache and a folder for runs; in it a run takes a few milliseconds. */
export class TinyRun {
  readonly root: string;
  readonly recipe: string;
  readonly runs: string;
  readonly cache: string;

  constructor(recipe = RECIPE, { parent = MEMORY, repeat = 8, validRepeat = 1 } = {}) {
    this.root = mkdtempSync(join(parent, 'flashlm-faults-'));
    this.recipe = join(this.root, 'tiny.yaml');
    this.runs = join(this.root, 'runs');
    this.cache = join(this.root, 'cache');
    writeFileSync(this.recipe, recipe);
    writeFileSync(join(this.root, 'train.txt'), TEXT.repeat(repeat));
    writeFileSync(join(this.root, 'valid.txt'), TEXT.repeat(validRepeat));
    vi.stubEnv('FLASHLM_CACHE', this.cache);
  }

  /** Forgets every run; the prepared data too when `cache` is given. */
  clear({ cache = false } = {}): void {
    rmSync(this.runs, { recursive: true, force: true });
    if (cache) rmSync(this.cache, { recursive: true, force: true });
  }

  /** Keeps the runs as they are now; the function that is returned brings them back. */
  keep(): () => void {
    const kept = join(this.root, 'kept');
    cpSync(this.runs, kept, { recursive: true });
    return () => {
      this.clear();
      cpSync(kept, this.runs, { recursive: true });
    };
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  /** The run that was begun last, as `--resume` finds it. */
  latest(): Promise<string | undefined> {
    return RunDirectory.findLatest(this.runs);
  }

  /** What was done in this process counts as done by one that has ended: its lock names a dead process from now on. */
  async endProcess(): Promise<void> {
    const { lock } = runFiles((await this.latest()) ?? this.root);
    if (!existsSync(lock)) return;
    writeFileSync(lock, JSON.stringify({ ...JSON.parse(readFileSync(lock, 'utf8')), processStart: '1' }));
  }

  /** Trains a new run, or goes on with the latest one, to its end. */
  async train(options: Partial<SessionOptions> = {}): Promise<void> {
    const session = await this.open(options);
    try {
      await session.run.run(options.signal);
    } finally {
      await session.close();
    }
  }

  async open(options: Partial<SessionOptions> = {}): Promise<Session> {
    const run = await this.latest();
    return run ? resumeRun(run, { ...SILENT, ...options }) : this.openNew(options);
  }

  async openNew(options: Partial<SessionOptions> = {}): Promise<Session> {
    return startRun(await loadRecipe(this.recipe), this.runs, { ...SILENT, ...options });
  }
}

/** What a run left: all that may not depend on how often it was stopped, and by what. */
export interface Outcome {
  readonly files: readonly string[];
  readonly checkpoints: readonly string[];
  readonly weights: string;
  readonly optimizer: string;
  readonly state: unknown;
  readonly metrics: readonly unknown[];
  readonly samples: string;
}

/** Times and paths are left out: they are all that differs between two runs of one recipe. */
export function outcomeOf(run: string, step = STEPS): Outcome {
  const { checkpoints, metrics, samples } = runFiles(run);
  const last = join(checkpoints, checkpointName(step));
  const { state, files } = JSON.parse(readFileSync(join(last, 'state.json'), 'utf8'));
  return {
    files: readdirSync(run).sort(),
    checkpoints: readdirSync(checkpoints).sort(),
    weights: readFileSync(join(last, 'model.safetensors'), 'hex'),
    optimizer: readFileSync(join(last, 'optimizer.safetensors'), 'hex'),
    state: { ...withoutTimes(state), files },
    metrics: readFileSync(metrics, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => withoutTimes(JSON.parse(line))),
    samples: existsSync(samples) ? readFileSync(samples, 'utf8') : '',
  };
}

const TIMES = ['seconds', 'tokensPerSecond', 'dir', 'runDir'];

function withoutTimes(value: object): object {
  return JSON.parse(JSON.stringify(value, (key, inner) => (TIMES.includes(key) ? undefined : inner)));
}

/** Opens every checkpoint that has its final name and checks all of its bytes. Returns their steps. */
export async function wholeCheckpoints(run: string): Promise<number[]> {
  const { checkpoints } = runFiles(run);
  const steps = await listCheckpoints(checkpoints);
  for (const step of steps) await (await readCheckpoint(join(checkpoints, checkpointName(step)))).close();
  return steps;
}

/** Names below `folder` of files that stand for something unfinished. */
export function leftovers(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder, { recursive: true }) as string[];
  return names.filter((name) => /\.tmp$|\.new|\.pruned|\.replaced|\.lock/.test(name));
}
