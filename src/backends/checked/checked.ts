import type { Decorator } from '../../core/backend.ts';
import { LayerPosition } from '../layer-position.ts';
import { countOf, wrapBackend } from '../wrap.ts';
import { CallChecks } from './call-checks.ts';
import { GuardedMemory } from './guarded-memory.ts';
import { LayerChecks } from './layer-checks.ts';

/**
 * A backend that checks every kernel call and every layer. The first fault throws an error that names the op, layer,
 * tensor and element.
 *
 * Kernel calls: the arguments match the op table (types, shapes, index ranges, shared memory), inputs are unchanged,
 * outputs are written in full and finite, and nothing is written outside the outputs.
 *
 * Layers: what forward saved is unchanged when backward runs. Activations that a layer does not keep are NaN in
 * backward, and scratch memory is NaN at the start of a call, so that reading either shows.
 */
export const checked: Decorator = (inner) => {
  const position = new LayerPosition();
  const memory = new GuardedMemory(inner);
  const layers = new LayerChecks(inner, position);
  let checkedCalls = 0;
  const calls = new CallChecks(inner, memory, (t, sum) => layers.verifyReadOnly(t, sum));
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
