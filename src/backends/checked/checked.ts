import type { Decorator } from '../../core/backend.ts';
import { LayerPosition } from '../layer-position.ts';
import { countOf, wrapBackend } from '../wrap.ts';
import { CallChecks } from './call-checks.ts';
import { GuardedMemory } from './guarded-memory.ts';
import { LayerChecks } from './layer-checks.ts';

/**
 * A backend that trusts nobody. Of every kernel call: arguments against the op table (types, shapes, index ranges,
 * shared memory), inputs that come back changed, outputs not written in full, NaN and infinity, bytes written outside
 * all tensors. Of every layer: what forward saved is still there in backward, what it did not keep is NaN by then, as is
 * scratch memory when a call begins. The first thing wrong stops with op, layer, tensor and element.
 */
export const checked: Decorator = (inner) => {
  const position = new LayerPosition();
  const memory = new GuardedMemory(inner);
  const layers = new LayerChecks(inner, position);
  let checkedCalls = 0;
  const calls = new CallChecks(inner, memory, (t, sum) => layers.verifyGiven(t, sum));
  return wrapBackend(
    'checked',
    inner,
    (op, values, call) => {
      try {
        const { result, written } = calls.run(op, values, call);
        layers.noteWrites(op, written);
        checkedCalls++;
        return result;
      } catch (error) {
        throw position.locate(error);
      }
    },
    {
      allocate: (bytes) => memory.allocate(bytes),
      watch: layers,
      findings: () => [`checked: ${countOf(checkedCalls, 'kernel call')} checked, nothing wrong`],
    },
  );
};
