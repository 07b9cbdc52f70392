// Whether calls leave memory behind: node --expose-gc --import tsx growth.ts ROUNDS
import process from 'node:process';
import { createNativeBackend } from '../../../src/backends/native/index.ts';
import { loadAddon } from '../../../src/backends/native/load.ts';
import { OP_NAMES } from '../../../src/core/ops/table.ts';
import { ValidCall } from '../valid-call.ts';

const rounds = Number(process.argv[2]);
/** What a heap moves by itself; a hundred bytes left behind by each of an op's calls are several times as much. */
const MAX_GROWTH = 4 * 2 ** 20;

const { addon } = loadAddon();
const backend = createNativeBackend({ threads: 1 });
const engine = new addon!.Engine({ threads: 2 });

const ignored = (call: () => unknown): void => {
  try {
    call();
  } catch {
    // A refusal is what is wanted.
  }
};

/** Things that run again and again on the same arrays, so that JavaScript itself leaves nothing behind. */
const WORK: Readonly<Record<string, () => void>> = Object.fromEntries([
  ...OP_NAMES.map((op) => {
    const call = new ValidCall(op, backend);
    const right = call.flat();
    const { index } = call.tensors()[0]!;
    const wrong = [
      right.slice(1),
      call.with(index, {}, 1, 1),
      call.with(index, call.data(index), 1, 2 ** 31),
      call.with(index, new Float64Array(1), 1, 1),
    ];
    const work = (): void => {
      engine[op](...right);
      for (const values of wrong) ignored(() => engine[op](...values));
    };
    return [op, work] as const;
  }),
  [
    'new Engine',
    () => new addon!.Engine({ threads: 2 }).activation(...new ValidCall('activation', backend).flat()),
  ],
  ['dispose', () => new addon!.Engine().dispose()],
  ['new Engine, refused', () => ignored(() => new addon!.Engine({ isa: 'none' }))],
  ['supported', () => addon!.supported()],
  ['measureLimit', () => engine.measureLimit('fma', 1, new Float32Array(0))],
  ['packedTernaryBytes', () => engine.packedTernaryBytes(1, 1)],
  ['misalignment', () => addon!.misalignment(new Uint8Array(1))],
]);

/** Finalizers of objects run on the event loop, after the collection. */
async function settled(): Promise<{ rss: number; external: number; heapUsed: number }> {
  for (let i = 0; i < 2; i++) {
    globalThis.gc!();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return process.memoryUsage();
}

async function repeat(work: () => void, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    work();
    if (i % 2000 === 0) await settled();
  }
}

const KINDS = ['rss', 'external', 'heapUsed'] as const;

/** A leak grows each time; the engine's heap takes some megabytes more once in a while. */
const TRIES = 3;

/** By how many bytes each kind of memory grew while the work ran: the least of some tries, where it was much. */
async function growthOf(work: () => void): Promise<Record<(typeof KINDS)[number], number>> {
  const most = Number.POSITIVE_INFINITY;
  const growth = { rss: most, external: most, heapUsed: most };
  for (let i = 0; i < TRIES && Math.max(...Object.values(growth)) > MAX_GROWTH; i++) {
    const before = await settled();
    await repeat(work, rounds);
    const after = await settled();
    for (const kind of KINDS) growth[kind] = Math.min(growth[kind], after[kind] - before[kind]);
  }
  return growth;
}

let worst = 0;
for (const [name, work] of Object.entries(WORK)) {
  await repeat(work, rounds / 4);
  for (const [kind, growth] of Object.entries(await growthOf(work))) {
    worst = Math.max(worst, growth);
    if (growth <= MAX_GROWTH) continue;
    console.error(`${name}: ${kind} grew by ${growth} bytes in ${rounds} rounds, ${TRIES} times`);
    process.exitCode = 1;
  }
}
console.log(
  `  ${Object.keys(WORK).length} kinds of calls, ${rounds} rounds each: at most ${worst} bytes more`,
);
