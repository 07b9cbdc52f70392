import type { Decorator } from '../../core/backend.ts';
import { checkCall } from '../../core/check-call.ts';
import { refuseNonFinite } from './finite.ts';
import { wrapBackend } from './wrap.ts';

/**
 * A backend that looks at every call: arguments against the op table before it (types, shapes, index ranges, shared
 * memory), and NaN or infinity in everything it wrote after it. The first thing wrong stops with op and tensor.
 */
export const checked: Decorator = (inner) =>
  wrapBackend('checked', inner, (op, values, call) => {
    checkCall(op, values, inner.real);
    const result = call();
    refuseNonFinite(op, values);
    return result;
  });
