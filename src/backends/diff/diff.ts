import type { Backend } from '../../core/backend.ts';
import { FlashError } from '../../core/errors.ts';
import type { OpName } from '../../core/kernels.ts';
import { type Deviation, deviations, outcomeOf } from '../../core/ops/agreement.ts';
import { combineWatches } from '../../core/watch.ts';
import { LayerPosition } from '../layer-position.ts';
import { countOf, wrapBackend } from '../wrap.ts';
import { copyAccumulated, copyOutcome, inputsOf, mirrorCall, referenceType } from './call-mirror.ts';
import type { Recording } from './recording.ts';
import { termSizes } from './term-sizes.ts';
import { describeUncompared, type UncomparedLayer, UncomparedLayers } from './uncompared-layers.ts';

/** Two backends disagree; `recording` has the call. */
export class DisagreementError extends FlashError {
  /** Files of plugins that the recipe names: its backends may come from them. */
  plugins: readonly string[] = [];

  constructor(readonly recording: Recording) {
    super(describeMismatch(recording), { where: describePlace(recording) });
    this.name = 'DisagreementError';
  }
}

function describeMismatch({ op, backends: [a, b], mismatch: m }: Recording): string {
  const where = m.arg === 'returned' ? 'the number it returns' : `'${m.arg}' (row ${m.row}, column ${m.col})`;
  return `${op}: ${where} is ${m.actual} on ${a}, ${m.expected} on ${b}; they may differ by ${m.bound.toPrecision(3)}`;
}

function describePlace({ layer, step, mismatch }: Recording): string {
  const place = layer ? `${layer.path}, ${layer.pass}` : 'no layer';
  return `${place}${step === null ? '' : `, step ${step + 1}`}; tensor ${mismatch.label}`;
}

/** The bound that all compared calls kept to, for people: `all within 1e-5 of their scale`. */
export const describeBound = (bound: number): string =>
  bound === 0 ? 'all bits equal' : `all within ${bound.toExponential(0)} of their scale`;

export interface DiffOptions {
  /** Compares one training step in `every`. Default 1, which also compares calls outside training steps. */
  readonly every?: number;
  /** Called after each compared call. */
  readonly onCompared?: (op: OpName, deviations: readonly Deviation[]) => void;
}

/** A backend whose calls are compared with another's. */
export interface DiffBackend extends Backend {
  /** Layers that were not compared, because no kernel wrote their results. */
  readonly uncompared: () => readonly UncomparedLayer[];
}

/**
 * Runs every call on the backend `against` too, and compares the results within the op table's bounds. Inputs are
 * copied for each call, so that errors of earlier calls do not add up. The first disagreement throws a
 * `DisagreementError`, with everything needed to replay the call.
 * @throws FlashError if `against` is less precise than the backend under test.
 */
export function diff(
  against: Backend,
  { every = 1, onCompared }: DiffOptions = {},
): (inner: Backend) => DiffBackend {
  return (inner) => {
    if (inner.real === 'f64' && against.real === 'f32' && !against.anyReal) {
      throw new FlashError(`${inner.name} can't be compared against ${against.name}, which is float32`, {
        remedy: `Compare ${against.name} against ${inner.name} instead.`,
        exitCode: 2,
      });
    }
    const position = new LayerPosition();
    let compared = 0;
    let bound = 0;
    const isDue = (): boolean => every === 1 || (position.step !== null && position.step % every === 0);
    const unseen = new UncomparedLayers(isDue);
    const compare = (op: OpName, values: readonly unknown[], call: () => unknown): unknown => {
      const mirrored = mirrorCall(op, values, against, referenceType(op, inner, against));
      const before = copyAccumulated(op, values);
      const returned = call();
      unseen.noteWrites(op, values);
      const kernel = against.kernels[op] as (...values: unknown[]) => unknown;
      const expected = kernel(...mirrored);
      const inputs = () => inputsOf(op, values, mirrored, before, inner.real);
      const terms = () => termSizes(op, inputs());
      const outcomes = [
        outcomeOf(op, values, returned),
        { ...outcomeOf(op, mirrored, expected), terms },
      ] as const;
      const found = deviations(op, ...outcomes, before);
      const mismatch = found.find((d) => d.mismatch)?.mismatch;
      if (mismatch) {
        const { layer, step } = position;
        throw new DisagreementError({
          op,
          layer: layer && { path: layer.path, pass: layer.pass },
          step,
          backends: [inner.name, against.name],
          mismatch,
          inputs: inputs(),
          outcomes: [copyOutcome(outcomes[0]), copyOutcome(outcomes[1])],
        });
      }
      compared++;
      bound = Math.max(bound, ...found.map(({ near }) => near));
      onCompared?.(op, found);
      return returned;
    };
    const backend = wrapBackend(
      'diff',
      inner,
      (op, values, call) => (isDue() ? compare(op, values, call) : call()),
      {
        argument: against.name,
        watch: combineWatches(position, unseen),
        findings: () => {
          const uncompared = describeUncompared(unseen.layers);
          return [
            `diff: ${countOf(compared, 'kernel call')} compared with ${against.name}${compared ? `, ${describeBound(bound)}` : ''}`,
            ...(uncompared ? [`diff: not compared: ${uncompared}`] : []),
          ];
        },
        dispose: () => {
          inner.dispose();
          against.dispose();
        },
      },
    );
    return { ...backend, uncompared: () => unseen.layers };
  };
}
