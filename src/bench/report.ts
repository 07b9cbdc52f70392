import { readFileSync } from 'node:fs';
import { arch, availableParallelism, cpus, loadavg, platform } from 'node:os';
import { FlashError } from '../core/errors.ts';
import type { KernelReport } from './kernel-bench.ts';
import type { StepResult } from './step-bench.ts';
import type { Workload } from './token-stream.ts';

/** Changes with the meaning of the fields, so that reports of different versions are never compared. */
export const FORMAT = 'flashlm-bench-1';

export interface Machine {
  readonly cpu: string;
  /** CPUs that this process may use. */
  readonly cpus: number;
  /** Processes that wanted a CPU in the minute before the measurements; 0 where the system does not tell. */
  readonly load: number;
  readonly platform: string;
  readonly node: string;
}

/** What `flashlm bench --json` prints. Times are seconds, rates per second. */
export interface BenchReport extends KernelReport {
  readonly format: typeof FORMAT;
  readonly date: string;
  readonly machine: Machine;
  /** What the steps were made of; null where no steps were measured. */
  readonly training: (Workload & { readonly recipe: string }) | null;
  readonly steps: readonly StepResult[];
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

/** A report that was saved. @throws FlashError for a file that is none. */
export function readReport(path: string): BenchReport {
  const fail = (what: string, cause?: unknown): never => {
    const remedy = 'Make one with: flashlm bench --json > old.json';
    throw new FlashError(what, { where: path, remedy, cause });
  };
  let text = '';
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    fail(`Cannot read the report to compare with (${(error as NodeJS.ErrnoException).code})`, error);
  }
  let report: Partial<BenchReport> | null = null;
  try {
    report = JSON.parse(text) as Partial<BenchReport> | null;
  } catch (error) {
    fail('The report to compare with is not JSON', error);
  }
  if (report?.format !== FORMAT) fail(`The report to compare with is not of this version (${FORMAT})`);
  return report as BenchReport;
}
