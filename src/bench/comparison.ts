import { unlessFloat32 } from '../core/compute.ts';
import { FlashError } from '../core/errors.ts';
import type { DecodeResult, GenerationReport, PrefillResult } from './decode-bench.ts';
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

  constructor(
    readonly before: BenchReport,
    after: BenchReport,
  ) {
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

  ofDecode(result: DecodeResult, report: GenerationReport): number | undefined {
    return this.byKey.get(keyOf(decodeEntry(result, report)))?.speedup;
  }

  ofPrefill(result: PrefillResult, report: GenerationReport): number | undefined {
    return this.byKey.get(keyOf(prefillEntry(result, report)))?.speedup;
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
  ...(report.generation ? generationEntries(report.generation) : []),
];

const generationEntries = (report: GenerationReport): Entry[] => [
  ...report.decode.map((result) => decodeEntry(result, report)),
  ...report.prefill.map((result) => prefillEntry(result, report)),
];

/** Reports from before these choices have neither: codes were ternary, and all arithmetic float32. */
function comparable({ op, choice, codes }: OpCase): Pick<OpCase, 'op' | 'choice' | 'codes'> {
  return { op, choice: choice === 'f32' ? null : choice, codes: codes === 'int8' ? codes : null };
}

/** A change of the shape makes it another op. */
function opName(op: OpCase): string {
  const dims = Object.entries(op.dims).map(([symbol, size]) => `${symbol}=${size}`);
  return [caseName(comparable(op)), ...dims].join(' ');
}

const opEntry = (result: OpResult): Entry => ({
  what: opName(result),
  threads: result.threads,
  seconds: result.seconds.median,
});

/** What a run measures, as far as it is known before: ops, and steps of so many tokens. */
export interface Plan {
  readonly ops: readonly OpCase[];
  readonly training: { readonly recipe: string; readonly tokens: number } | null;
  readonly generation?: Pick<GenerationReport, 'recipe' | 'context'> | null;
}

const partsOf = ({ ops, training, generation }: Plan): string[] => [
  ...(generation ? [`texts of ${textsOf(generation)}`] : []),
  ...(training ? [`steps of ${training.recipe} with ${training.tokens} tokens`] : []),
  ...new Set(ops.map(opName)),
];

/** @throws FlashError (wrong usage) unless the old report has something that will be measured: it is compared after minutes. */
export function requireOverlap(before: BenchReport, plan: Plan, where: string): void {
  const [had, wanted] = [partsOf(before), partsOf(plan)];
  if (wanted.some((part) => had.includes(part))) return;
  const show = ([first = 'nothing', ...others]: readonly string[]): string =>
    others.length ? `${first} and ${others.length} more` : first;
  throw new FlashError('The report to compare with has nothing that this run measures', {
    where,
    remedy: `It has ${show(had)}; this run measures ${show(wanted)}. Choose the same recipe, ops and shapes.`,
    exitCode: 2,
  });
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

/** Where the length of a text changes what a token costs, other lengths are other work. */
const textsOf = ({ recipe, context }: Pick<GenerationReport, 'recipe' | 'context'>): string =>
  context === null ? recipe : `${recipe} with ${context} tokens`;

const decodeEntry = ({ sequences, threads, seconds }: DecodeResult, report: GenerationReport): Entry => ({
  what: `decode ${textsOf(report)}, ${sequences} text${sequences === 1 ? '' : 's'}`,
  threads,
  seconds: seconds.median,
});

const prefillEntry = ({ tokens, threads, seconds }: PrefillResult, report: GenerationReport): Entry => ({
  what: `prefill ${textsOf(report)}, ${tokens} tokens`,
  threads,
  seconds: seconds.median,
});
