import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { afterAll, describe, expect, it } from 'vitest';
import { createNativeBackend, nativeStatus } from '../../src/backends/native/index.ts';
import { loadAddon } from '../../src/backends/native/load.ts';
import { OP_NAMES } from '../../src/core/ops/table.ts';
import { type Data, ValidCall } from './valid-call.ts';

/** Sanitizers see what happens seldom in more rounds. */
const ROUNDS = Number(process.env.FLASHLM_ROUNDS ?? 4);

const { path } = loadAddon();
/** Every instruction set of this machine. */
const ISAS = nativeStatus().isas.flatMap(({ isa, supported }) => (supported ? [isa] : []));

/**
 * Loads the addon, runs a product that uses several threads many times, on engines of all instruction sets
 * by turns, and reports whether it stayed right: once in the middle, once at the end, if there is one.
 */
const WORK = `
const { parentPort, workerData } = require('node:worker_threads');
const { path, isas, value, times } = workerData;
const { Engine } = require(path);
const engines = isas.map((isa) => new Engine({ isa, threads: 3 }));
const [M, K, N] = [200, 65, 33];
const a = new Float32Array(M * K).fill(2), b = new Float32Array(K * N).fill(value), out = new Float32Array(M * N);
let isRight = true;
for (let i = 0; i < times; i++) {
  for (const engine of engines) {
    out.fill(NaN);
    engine.matmul(out, M, N, a, M, K, b, K, N, 'f32');
    isRight &&= out.every((x) => x === 2 * K * value);
  }
  if (i === 2) parentPort.postMessage(isRight);
}
parentPort.postMessage(isRight);
// Half of the workers leave their engines to be freed when the worker ends.
if (value % 2) for (const engine of engines) engine.dispose();
`;

function start(value: number, times: number): Worker {
  // Each begins with another instruction set, so that several run at the same moment.
  const isas = ISAS.map((_, i) => ISAS[(i + value) % ISAS.length]);
  return new Worker(WORK, { eval: true, workerData: { path, isas, value, times } });
}

/** The last report of a worker that ends by itself. */
async function result(worker: Worker): Promise<boolean> {
  let isRight = false;
  worker.on('message', (message: boolean) => {
    isRight = message;
  });
  const [code] = await once(worker, 'exit');
  expect(code).toBe(0);
  return isRight;
}

describe('the addon in worker threads', () => {
  it('the addon can be loaded, used and unloaded by several workers at once, repeatedly', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const results = await Promise.all([1, 2, 3, 4].map((value) => result(start(value, 20))));
      expect(results).toEqual([true, true, true, true]);
    }
  });

  it('workers stopped in the middle of a call do not disturb the others', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const [endless, others] = [
        [1, 2].map((value) => start(value, Number.POSITIVE_INFINITY)),
        [3, 4].map((value) => result(start(value, 20))),
      ];
      const stopped = endless.map(async (worker) => {
        expect(await once(worker, 'message')).toEqual([true]);
        await worker.terminate();
      });
      await Promise.all(stopped);
      expect(await Promise.all(others)).toEqual([true, true]);
    }
  });
});

/** Writes over its memory without end: bytes of one kind, then of another. */
const SCRIBBLE = `
const { parentPort, workerData } = require('node:worker_threads');
const arrays = workerData.map((memory) => new Uint8Array(memory));
for (let i = 0; ; i++) {
  for (const array of arrays) array.fill([0, 255, 1, 127, i][i % 5]);
  if (i === 10) parentPort.postMessage('writing');
}
`;

describe('memory that another thread writes to', () => {
  const { addon } = loadAddon();
  const backend = createNativeBackend({ threads: 1 });
  afterAll(() => backend.dispose());

  it.each(ISAS)('kernels of %s stay within their arrays while another thread writes to them', async (isa) => {
    const engine = new addon!.Engine({ isa, threads: 2 });
    const own = createNativeBackend({ isa, features: [...engine.features], threads: 1 });
    const calls = OP_NAMES.map((op) => {
      const call = new ValidCall(op, own);
      const memories: SharedArrayBuffer[] = [];
      for (const { index, arg } of call.tensors()) {
        if (arg.below || arg.offsetsInto) continue;
        const data = call.data(index);
        const memory = new SharedArrayBuffer(data.byteLength);
        call.values[index]![0] = new (data.constructor as new (memory: SharedArrayBuffer) => Data)(memory);
        memories.push(memory);
      }
      return { op, call, memories };
    });
    const worker = new Worker(SCRIBBLE, {
      eval: true,
      workerData: calls.flatMap(({ memories }) => memories),
    });
    await once(worker, 'message');
    for (const { op, call } of calls) {
      const choice = call.args.findIndex((arg) => arg.kind === 'choice');
      const { values } = (call.args[choice] ?? { values: [] }) as { values: readonly string[] };
      const variants = values.length ? values.map((value) => call.with(choice, value)) : [call.flat()];
      for (const variant of variants)
        for (let i = 0; i < 50 * ROUNDS; i++) expect(() => engine[op](...variant)).not.toThrow();
    }
    await worker.terminate();
    engine.dispose();
    own.dispose();
  });
});
