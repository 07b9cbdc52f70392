import type { Backend } from '../../core/backend.ts';
import { checkCall } from '../../core/ops/check.ts';
import { wrapKernels } from '../../core/ops/wrap-kernels.ts';

/**
 * A backend that checks the arguments of every call against the op table and nothing else. The reference kernels do not
 * check shapes: with wrong ones they would silently compute wrong results.
 */
export function checkArguments(backend: Backend): Backend {
  const kernels = wrapKernels(backend.kernels, (op, values, call) => {
    checkCall(op, values, backend.real);
    return call();
  });
  return { ...backend, kernels };
}
