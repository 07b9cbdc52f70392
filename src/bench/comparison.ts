import { unlessFloat32 } from '../core/compute.ts';
import type { OpResult } from './op-bench.ts';
import { caseName, type OpCase } from './op-case.ts';
import type { BenchReport } from './report.ts';
import type { StepResult } from './step-bench.ts';

/** How many times as fast as before something is: median over median. */
export interface Ratio {
  /** `add M=1024 D=192`, `step v61 dense`. */
  readonly what: string;
  readonly threads: number;
  readonly before: number;
  readonly after: number;
  readonly speedup: number;
}

/** A new report against an old one. */
export class Comparison {
  readonly ratios: readonly Ratio[];
  /** What only the new report has: `add M=1024 D=192 (2 threads)`. */
  readonly unmatched: readonly string[];
  private readonly byKey: ReadonlyMap<string, Ratio>;

  constructor(before: BenchReport, after: BenchReport) {
    const old = new Map(entries(before).map((entry) => [keyOf(entry), entry.seconds]));
    const found = entries(after);
    this.ratios = found.flatMap((entry) => {
      const seconds = old.get(keyOf(entry));
      const { what, threads, seconds: now } = entry;
      return seconds === undefined
        ? []
        : [{ what, threads, before: seconds, after: now, speedup: seconds / now }];
    });
    this.unmatched = found.filter((entry) => !old.has(keyOf(entry))).map(keyOf);
    this.byKey = new Map(this.ratios.map((ratio) => [keyOf(ratio), ratio]));
  }

  ofOp(result: OpResult): number | undefined {
    return this.byKey.get(keyOf(opEntry(result)))?.speedup;
  }

  ofStep(result: StepResult, report: BenchReport): number | undefined {
    return this.byKey.get(keyOf(stepEntry(result, report)))?.speedup;
  }
}

interface Entry {
  readonly what: string;
  readonly threads: number;
  readonly seconds: number;
}

const keyOf = ({ what, threads }: Pick<Entry, 'what' | 'threads'>): string =>
  `${what} (${threads} thread${threads === 1 ? '' : 's'})`;

const entries = (report: BenchReport): Entry[] => [
  ...report.ops.map(opEntry),
  ...report.steps.map((step) => stepEntry(step, report)),
];

/** Reports from before these choices have neither: codes were ternary, and all arithmetic float32. */
function comparable({ op, choice, codes }: OpResult): Pick<OpCase, 'op' | 'choice' | 'codes'> {
  return { op, choice: choice === 'f32' ? null : choice, codes: codes === 'int8' ? codes : null };
}

/** A change of the shape makes it another op. */
function opEntry(result: OpResult): Entry {
  const dims = Object.entries(result.dims).map(([symbol, size]) => `${symbol}=${size}`);
  return {
    what: [caseName(comparable(result)), ...dims].join(' '),
    threads: result.threads,
    seconds: result.seconds.median,
  };
}

function stepEntry({ path, compute, threads, seconds }: StepResult, { training }: BenchReport): Entry {
  const words = [
    'step',
    training?.recipe,
    path,
    ...unlessFloat32(compute ?? 'f32'),
    `${training?.tokens} tokens`,
  ];
  return {
    what: words.join(' '),
    threads,
    seconds: seconds.median,
  };
}
