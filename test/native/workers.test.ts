import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../src/backends/native/load.ts';

/** Loads the addon, runs a product that uses several threads many times, and reports whether it stayed right. */
const WORK = `
const { parentPort, workerData } = require('node:worker_threads');
const { Engine } = require(workerData.path);
const engine = new Engine({ threads: 3 });
const [M, K, N] = [200, 65, 33];
const a = new Float32Array(M * K).fill(2), b = new Float32Array(K * N).fill(workerData.value), out = new Float32Array(M * N);
for (let i = 0; i < 50; i++) engine.matmul(out, M, N, a, M, K, b, K, N);
parentPort.postMessage(out.every((x) => x === 2 * K * workerData.value));
if (workerData.dispose) engine.dispose();
`;

function runWorker(path: string, value: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    let result = false;
    const worker = new Worker(WORK, { eval: true, workerData: { path, value, dispose: value % 2 === 0 } });
    worker.on('message', (isRight: boolean) => {
      result = isRight;
    });
    worker.on('error', reject);
    worker.on('exit', (code) =>
      code === 0 ? resolve(result) : reject(new Error(`worker ended with ${code}`)),
    );
  });
}

describe('the addon in worker threads', () => {
  const { path } = loadAddon();

  it('is loaded, used and unloaded by several at once, again and again', async () => {
    for (let round = 0; round < 4; round++) {
      const results = await Promise.all([1, 2, 3, 4].map((value) => runWorker(path!, value)));
      expect(results).toEqual([true, true, true, true]);
    }
  });

  it('survives a worker that is stopped in the middle', async () => {
    const worker = new Worker(WORK.replace('i < 50', 'true'), { eval: true, workerData: { path, value: 1 } });
    await new Promise((resolve) => worker.on('online', resolve));
    await new Promise((resolve) => setTimeout(resolve, 100));
    await worker.terminate();
    expect(await runWorker(path!, 3)).toBe(true);
  });
});
