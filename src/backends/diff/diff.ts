import type { Backend } from '../../core/backend.ts';
import { FlashError } from '../../core/errors.ts';
import type { OpName } from '../../core/kernels.ts';
import { type Deviation, deviations, outcomeOf } from '../../core/ops/agreement.ts';
import { combineWatches } from '../../core/watch.ts';
import { LayerPosition } from '../layer-position.ts';
import { countOf, wrapBackend } from '../wrap.ts';
import { copyAccumulated, copyOutcome, inputsOf, measureType, mirrorCall } from './call-mirror.ts';
import { describeLoopLayers, type LoopLayer, LoopLayers } from './loop-layers.ts';
import type { Recording } from './recording.ts';
import { termSizes } from './term-sizes.ts';

/** Two backends that do not agree, with the call that shows it. */
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

/** What calls that agree have kept to: `all within 1e-5`. */
export const describeBound = (bound: number): string =>
  bound === 0 ? 'all the same to the bit' : `all within ${bound.toExponential(0)} of their scale`;

export interface DiffOptions {
  /** Compares in one training step out of so many, and outside steps only where it is 1, which is the default. */
  readonly every?: number;
  /** Hears of each call that was compared. */
  readonly onCompared?: (op: OpName, deviations: readonly Deviation[]) => void;
}

/** A backend whose calls are compared with those of another. */
export interface DiffBackend extends Backend {
  /** The layers whose results were not compared, as no kernel wrote them. */
  readonly uncompared: () => readonly LoopLayer[];
}

/**
 * Runs every call on a second backend too, on copies of the same inputs, so that errors of earlier calls do not add up,
 * and compares what the two wrote as closely as the op table asks. The first disagreement stops with everything needed
 * to run that call again.
 * @throws FlashError when the measure is coarser than what it should measure.
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
    const loops = new LoopLayers(isDue);
    const compare = (op: OpName, values: readonly unknown[], call: () => unknown): unknown => {
      const mirrored = mirrorCall(op, values, against, measureType(op, inner, against));
      const before = copyAccumulated(op, values);
      const returned = call();
      loops.noteWrites(op, values);
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
        watch: combineWatches(position, loops),
        findings: () => {
          const uncompared = describeLoopLayers(loops.layers);
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
    return { ...backend, uncompared: () => loops.layers };
  };
}
