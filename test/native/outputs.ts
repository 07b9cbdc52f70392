// Prints a checksum of what every op writes with four threads; imported, gives it.
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { createNativeBackend } from '../../src/backends/native/index.ts';
import { inputsOf, someVariants } from '../../src/core/ops/inputs.ts';
import { OP_NAMES } from '../../src/core/ops/table.ts';
import { runOp } from '../../src/verify/op-run.ts';
import { dimsOfWidth } from '../conformance/sizes.ts';

/** By op. Large enough that each has a piece of work for every thread. */
export function outputs(): Record<string, string> {
  const backend = createNativeBackend({ threads: 4 });
  const found = OP_NAMES.map((op) => {
    const dims = dimsOfWidth(op, 140, { M: 520, S: 130, T: 4 });
    const hash = createHash('sha256');
    for (const variant of someVariants(op, 0)) {
      const { tensors, returned } = runOp(backend, op, inputsOf({ op, dims, seed: 6, variant }));
      for (const { data } of tensors.values())
        hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
      hash.update(String(returned));
    }
    return [op, hash.digest('hex')];
  });
  backend.dispose();
  return Object.fromEntries(found) as Record<string, string>;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(JSON.stringify(outputs()));
