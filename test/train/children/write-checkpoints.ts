import { FlashError } from '../../../src/core/errors.ts';
import { RunDirectory } from '../../../src/train/run-directory.ts';

// Writes the checkpoints of `steps` (comma-separated) with models of `values` float32, again and again when `forever`;
// prints each step when it is done, or the error.
const [path, steps, values, forever] = process.argv.slice(2) as [string, string, string, string?];
try {
  const run = await RunDirectory.open(path);
  const metrics = run.openMetrics(0);
  do {
    for (const step of steps.split(',').map(Number)) {
      metrics.append({ event: 'step', step });
      const data = new Float32Array(Number(values)).fill(step);
      const entry = { name: 'w', dtype: 'F32', shape: [data.length], data } as const;
      await run.writeCheckpoint(step, { model: [entry], optimizer: [entry], state: { step } });
      process.stdout.write(`${step}\n`);
    }
  } while (forever);
} catch (error) {
  if (!(error instanceof FlashError)) throw error;
  process.stdout.write(error.lines().join('\n'));
}
