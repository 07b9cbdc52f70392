import { createHash } from 'node:crypto';
import { cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import fc from 'fast-check';
import { resumeRun, startRun } from '../../../src/app/session.ts';
import { loadTrained } from '../../../src/app/trained.ts';
import { LockFile } from '../../../src/files/lock-file.ts';
import { loadRecipe } from '../../../src/recipes/load.ts';
import { checkpointName, readCheckpoint } from '../../../src/train/checkpoint-files.ts';
import { MetricsLog } from '../../../src/train/metrics-log.ts';
import { RunDirectory, runFiles } from '../../../src/train/run-directory.ts';
import { readSafetensors, writeSafetensors } from '../../../src/train/safetensors.ts';
import { VALID } from '../../recipes/valid-recipe.ts';
import { mutatedBytes } from '../mutated-bytes.ts';
import { mutatedJson } from '../mutated-json.ts';
import { setTrap, TRAPS, type Trap } from '../sandbox.ts';
import { demand, target } from '../target.ts';

const QUIET = { report: () => {}, onNotice: () => {} };

const WORDS = [
  '"F32"',
  '"F64"',
  '"BF16"',
  '"shape":[',
  '[0,0]',
  '-1',
  '1e15',
  '9007199254740993',
  '"__metadata__":{}',
  '{}',
  'null',
  '"__proto__"',
  ',',
  ':',
  '"',
  '\\u0000',
  '\\ud800',
];

const safetensors = target<Buffer>({
  name: 'safetensors',
  runs: 300,
  prepare: async () => {
    const tensors = [
      { name: 'a', dtype: 'F32', shape: [2, 3], data: new Float32Array(6) },
      { name: 'b', dtype: 'U8', shape: [5], data: new Uint8Array(5) },
      { name: 'c', dtype: 'F64', shape: [], data: new Float64Array(1) },
    ] as const;
    await writeSafetensors('good.safetensors', tensors, { key: 'value' });
    const good = readFileSync('good.safetensors');
    const length = Number(good.readBigUInt64LE());
    const header: unknown = JSON.parse(good.toString('utf8', 8, 8 + length));
    const withLength = (json: Buffer) => {
      const prefix = Buffer.alloc(8);
      prefix.writeBigUInt64LE(BigInt(json.length));
      return Buffer.concat([prefix, json, good.subarray(8 + length)]);
    };
    const json = good.subarray(8, 8 + length);
    return {
      inputs: fc.oneof(
        mutatedBytes([good], WORDS),
        mutatedBytes([json], WORDS).map(withLength),
        mutatedJson([header]).map((text) => withLength(Buffer.from(text))),
      ),
      feed: async (bytes) => {
        writeFileSync('bad.safetensors', bytes);
        const { tensors } = await readSafetensors('bad.safetensors');
        let total = 0;
        for (const { data } of tensors.values()) total += data.byteLength;
        demand(total <= bytes.length, 'tensors hold no more than the file');
      },
    };
  },
});

/** Trains a model of a few hundred parameters for two steps and returns its run directory. */
async function trainSmall(): Promise<string> {
  writeFileSync('text.txt', 'one two one two one two three\n'.repeat(20));
  const recipe = VALID.replace(
    'source: sample, seq_len: 16, batch: 4',
    'source: text.txt, seq_len: 4, batch: 2',
  )
    .replaceAll('300', '262')
    .replace('steps: 20', 'steps: 2');
  writeFileSync('small.yaml', `${recipe}sample: { max_tokens: 3 }\ncheckpoint: { every: 1 }\n`);
  const session = await startRun(await loadRecipe('small.yaml'), 'runs', QUIET);
  try {
    await session.run.run();
  } finally {
    await session.close();
  }
  return resolve(session.directory.path);
}

interface CheckpointFiles {
  readonly model: Buffer | null;
  readonly optimizer: Buffer | null;
  readonly state: string | null;
  /** With the checksums that make the rest believable. */
  readonly resealed: boolean;
}

const checkpoint = target<CheckpointFiles>({
  name: 'checkpoint',
  runs: 80,
  prepare: async () => {
    const run = await trainSmall();
    const folder = join(runFiles(run).checkpoints, checkpointName(2));
    const file = (name: string) => join(folder, name);
    const [model, optimizer] = ['model.safetensors', 'optimizer.safetensors'].map((name) =>
      readFileSync(file(name)),
    );
    const { sha256: _, ...state } = JSON.parse(readFileSync(file('state.json'), 'utf8'));
    for (const step of [0, 1])
      rmSync(join(runFiles(run).checkpoints, checkpointName(step)), { recursive: true });
    const sha256 = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex');
    const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { freq: 1 });
    return {
      inputs: fc.record({
        model: maybe(mutatedBytes([model!], WORDS)),
        optimizer: maybe(mutatedBytes([optimizer!], WORDS)),
        state: maybe(mutatedJson([state])),
        resealed: fc.boolean(),
      }),
      feed: async (input) => {
        const files = {
          'model.safetensors': input.model ?? model!,
          'optimizer.safetensors': input.optimizer ?? optimizer!,
        };
        let text = input.state ?? JSON.stringify(state);
        if (input.resealed) text = reseal(text, files, sha256);
        for (const [name, bytes] of Object.entries(files)) writeFileSync(file(name), bytes);
        writeFileSync(file('state.json'), text);
        await (await readCheckpoint(folder)).close();
        (await loadTrained(run, [], () => {})).composed.dispose();
        const session = await resumeRun(run, QUIET);
        await session.close();
        demand(session.startStep >= 0, 'a run goes on from a step');
      },
    };
  },
});

function reseal(
  text: string,
  files: Readonly<Record<string, Buffer>>,
  sha256: (bytes: Buffer | string) => string,
): string {
  try {
    const body = JSON.parse(text);
    for (const [name, bytes] of Object.entries(files)) {
      if (body.files?.[name]) body.files[name] = { bytes: bytes.length, sha256: sha256(bytes) };
    }
    return JSON.stringify({ ...body, sha256: sha256(JSON.stringify(body)) });
  } catch {
    return text;
  }
}

interface RunTraps {
  readonly traps: readonly (readonly [entry: number, trap: Trap])[];
}

const runDirectory = target<RunTraps>({
  name: 'run directory',
  runs: 40,
  prepare: async (sandbox) => {
    const good = await trainSmall();
    const inside = (path: string) => path.slice(good.length + 1);
    const { recipe, tokenizer, metrics, samples, checkpoints, lock } = runFiles(good);
    const files = [recipe, tokenizer, metrics, samples, lock].map(inside);
    const step = inside(join(checkpoints, checkpointName(2)));
    const newest = ['model.safetensors', 'optimizer.safetensors', 'state.json'].map((name) =>
      join(step, name),
    );
    // Deeper ones first: a trap in place of a folder has no room for others.
    const entries = [
      ...newest,
      ...files,
      step,
      join(inside(checkpoints), checkpointName(1)),
      inside(checkpoints),
    ];
    return {
      inputs: fc.record({
        traps: fc.array(fc.tuple(fc.nat(entries.length - 1), fc.constantFrom(...TRAPS)), {
          minLength: 1,
          maxLength: 3,
        }),
      }),
      feed: async ({ traps }) => {
        const run = resolve('run');
        setTrap(run, 'nothing', sandbox);
        cpSync(good, run, { recursive: true });
        for (const [entry, trap] of [...traps].sort(([a], [b]) => a - b))
          setTrap(join(run, entries[entry]!), trap, sandbox);
        // The reader first, which takes no lock; each says for itself what is wrong.
        const reading = await loadTrained(run, [], () => {}).then(
          (trained) => trained.composed.dispose(),
          (error: unknown) => error,
        );
        const session = await resumeRun(run, QUIET, ['train.steps=3']);
        try {
          await session.run.run();
        } finally {
          await session.close();
        }
        if (reading instanceof Error) throw reading;
      },
    };
  },
});

const runNames = target<string>({
  name: 'name of a run',
  runs: 100,
  prepare: () => ({
    inputs: fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc
        .array(fc.constantFrom('..', '/', '\\', '.', '~', '\0', 'a', '-', ' ', '\u202e', 'C:', '\n'), {
          maxLength: 12,
        })
        .map((parts) => parts.join('')),
    ),
    feed: async (name) => {
      const run = await RunDirectory.create('runs', name);
      await run.close();
      demand(dirname(run.path) === resolve('runs'), 'a run lies in the folder for runs');
      demand(readdirSync('runs').length === 1, 'one directory was made');
      rmSync('runs', { recursive: true });
    },
  }),
});

const metricsLog = target<{ bytes: Buffer; step: number }>({
  name: 'metrics.jsonl',
  runs: 200,
  prepare: async () => {
    const run = await trainSmall();
    const good = await readFile(runFiles(run).metrics);
    const words = [
      '\n',
      '{"step":5}\n',
      '{"step":1e999}\n',
      '{"step":"2"}\n',
      'null\n',
      '[',
      '\0',
      '\r\n',
      '"step":-1',
      '}{',
    ];
    return {
      inputs: fc.record({ bytes: mutatedBytes([good, Buffer.alloc(0)], words), step: fc.nat(4) }),
      feed: ({ bytes, step }) => {
        writeFileSync('metrics.jsonl', bytes);
        const log = MetricsLog.open('metrics.jsonl', step);
        const kept = readFileSync('metrics.jsonl');
        demand(bytes.subarray(0, kept.length).equals(kept), 'what is kept is the beginning');
        demand(kept.length === 0 || kept.at(-1) === 0x0a, 'what is kept are whole lines');
        log.append({ event: 'x', step: step + 1 });
        log.close();
        MetricsLog.open('metrics.jsonl', step).close();
        demand(statSync('metrics.jsonl').size === kept.length, 'a step beyond is cut again');
      },
    };
  },
});

const lock = target<string>({
  name: 'lock file',
  runs: 150,
  prepare: async () => {
    const lock = await LockFile.acquire('good.lock', 'It');
    const owner = JSON.parse(readFileSync('good.lock', 'utf8')) as object;
    await lock.release();
    // Of this process, of one that is dead, of one on another machine.
    const owners = [
      owner,
      { ...owner, processStart: '1' },
      { ...owner, host: 'elsewhere' },
      { ...owner, pid: 2 ** 22 },
    ];
    return {
      inputs: fc.oneof(mutatedJson(owners), fc.constantFrom(...owners.map((o) => JSON.stringify(o)), '')),
      feed: async (text) => {
        writeFileSync('bad.lock', text);
        const taken = await LockFile.acquire('bad.lock', 'It');
        await taken.release();
        demand(!readdirSync('.').some((name) => name.startsWith('bad.lock')), 'nothing is left behind');
      },
    };
  },
});

export const RUN_TARGETS = [safetensors, checkpoint, runDirectory, runNames, metricsLog, lock];
