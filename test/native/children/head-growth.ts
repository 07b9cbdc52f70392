import { createNativeBackend } from '../../../src/backends/native/index.ts';
import { allocateMat, allocateTensor } from '../../../src/core/allocate.ts';
import type { Backend } from '../../../src/core/backend.ts';
import type { FloatPrecision } from '../../../src/core/compute.ts';

// Prints what a call of the head takes: in a process by itself, as one that has freed memory would not grow.
const [ROWS, COLS, VOCAB, THREADS] = [1024, 64, 32_000, 2];

/** Bytes that the process grows by in a call of the head whose arguments are all in memory. */
function growth(backend: Backend, precision: FloatPrecision): number {
  const real = (rows: number, cols: number, value: number) => {
    const m = allocateMat(backend, rows, cols, 'm');
    m.data.fill(value);
    return m;
  };
  const offsets = allocateTensor(backend, 'i32', ROWS + 1, 1, 'offsets');
  offsets.data.forEach((_, i) => {
    offsets.data[i] = i;
  });
  const ids = allocateTensor(backend, 'i32', ROWS, 1, 'ids');
  ids.data.fill(7);
  const targets = { offsets, ids, weights: real(ROWS, 1, 1) };
  const [nats, dh, dTable] = [real(ROWS, 1, 1), real(ROWS, COLS, 1), real(VOCAB, COLS, 0)];
  const [h, table] = [real(ROWS, COLS, 0.1), real(VOCAB, COLS, 0.1)];
  const before = process.memoryUsage.rss();
  backend.kernels.headLoss(nats, dh, dTable, null, h, table, null, targets, 1, precision, 0, 0);
  return process.memoryUsage.rss() - before;
}

const precision = process.argv[2] as FloatPrecision;
const backend = createNativeBackend({ threads: THREADS });
const expected = backend.headScratchBytes!(ROWS, COLS, VOCAB, precision);
console.log(JSON.stringify({ expected, taken: growth(backend, precision) }));
backend.dispose();
