import type { Backend } from '../../core/backend.ts';
import { checkCall } from '../../core/ops/check.ts';
import { wrapKernels } from '../../core/ops/wrap-kernels.ts';

/**
 * The backend with every call's arguments compared with the op table and nothing else: the reference takes what shapes
 * it is given, and computes something else than was meant.
 */
export function checkArguments(backend: Backend): Backend {
  const kernels = wrapKernels(backend.kernels, (op, values, call) => {
    checkCall(op, values, backend.real);
    return call();
  });
  return { ...backend, kernels };
}
