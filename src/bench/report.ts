import { arch, availableParallelism, cpus, loadavg, platform } from 'node:os';
import { z } from 'zod';
import { commandLine } from '../core/command-line.ts';
import { FlashError } from '../core/errors.ts';
import { readSmallFile } from '../files/regular-file.ts';
import type { GenerationReport } from './decode-bench.ts';
import type { KernelReport } from './kernel-bench.ts';
import type { Prediction } from './prediction.ts';
import type { StepResult } from './step-bench.ts';
import type { Workload } from './token-stream.ts';

/** Changes with the meaning of the fields, so that reports of different versions are never compared. */
export const FORMAT = 'flashlm-bench-1';

const MAX_REPORT_BYTES = 1 << 26;

export interface Machine {
  readonly cpu: string;
  /** CPUs that this process may use. */
  readonly cpus: number;
  /** Processes that wanted a CPU in the minute before the measurements; 0 where the system does not tell. */
  readonly load: number;
  readonly platform: string;
  readonly node: string;
}

/** What `bench --json` prints. Times are seconds, rates per second. */
export interface BenchReport extends KernelReport {
  readonly format: typeof FORMAT;
  readonly date: string;
  readonly machine: Machine;
  /** What the steps were made of; null where no steps were measured. */
  readonly training: (Workload & { readonly recipe: string }) | null;
  readonly steps: readonly StepResult[];
  /**
   * Peak resident bytes of the process that measured, once all steps were done: every model, backend and tensor of the
   * benchmark at once, which is far more than training takes. Null where no steps were measured.
   */
  readonly peakMemory: number | null;
  /** Of machines with more cores, where they were asked for. */
  readonly predictions: readonly Prediction[];
  /** How fast a model writes; null or absent where that was not measured. */
  readonly generation?: GenerationReport | null;
}

export function thisMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cpus: availableParallelism(),
    load: loadavg()[0]!,
    platform: `${platform()} ${arch()}`,
    node: process.version,
  };
}

/** Seconds that something may have taken: a ratio of two such times is a number. */
const duration = z.number().min(1e-12).max(1e9);
const timed = { threads: z.number(), seconds: z.looseObject({ median: duration }) };
/** What a comparison reads of an old report. */
const COMPARED = z.looseObject({
  ops: z.array(z.looseObject({ ...timed, op: z.string(), dims: z.record(z.string(), z.number()) })),
  steps: z.array(z.looseObject({ ...timed, path: z.string() })),
  training: z.looseObject({ recipe: z.string(), tokens: z.number() }).nullable(),
  generation: z
    .looseObject({
      recipe: z.string(),
      context: z.number().nullable(),
      decode: z.array(z.looseObject({ ...timed, sequences: z.number() })),
      prefill: z.array(z.looseObject({ ...timed, tokens: z.number() })),
    })
    .nullish(),
  date: z.iso.datetime(),
  machine: z.looseObject({ cpu: z.string(), cpus: z.number(), load: z.number(), node: z.string() }),
  calls: z.array(z.looseObject({ backend: z.string() })).min(1),
});

/** A report that was saved. @throws FlashError for a file that is none. */
export function readReport(path: string): BenchReport {
  const fail = (what: string, cause?: unknown): never => {
    const remedy = `Make one with: ${commandLine`bench --json > old.json`}`;
    throw new FlashError(what, { where: path, remedy, cause });
  };
  const text = readSmallFile(path, 'Cannot read the report to compare with', MAX_REPORT_BYTES);
  let report: Partial<BenchReport> | null = null;
  try {
    report = JSON.parse(text) as Partial<BenchReport> | null;
  } catch (error) {
    const how = text.trim() === '' ? 'is empty' : `is not JSON: ${(error as Error).message}`;
    fail(`The report to compare with ${how}`, error);
  }
  if (typeof report?.format !== 'string') fail('The file to compare with is not a report of `bench --json`');
  if (report?.format !== FORMAT)
    fail(`The report to compare with has the format ${report?.format}, expected ${FORMAT}`);
  const wrong = COMPARED.safeParse(report).error?.issues[0];
  if (wrong) fail(`The report to compare with can't be used: ${wrong.path.join('.')}: ${wrong.message}`);
  return report as BenchReport;
}
