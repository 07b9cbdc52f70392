import { stat } from 'node:fs/promises';
import { arch, cpus, freemem, platform, totalmem } from 'node:os';
import { join } from 'node:path';
import { acceleratedBy, type NativeStatus, nativeStatus, usableCpus } from '../../backends/native/index.ts';
import { createReferenceBackend } from '../../backends/reference/index.ts';
import { commandLine } from '../../core/command-line.ts';
import type { Precision } from '../../core/compute.ts';
import { formatBytes } from '../../core/format-bytes.ts';
import { cacheDir } from '../../data/cache-dir.ts';
import { DATASETS, datasetFolder } from '../../data/datasets.ts';
import type { CliCommand } from '../command.ts';
import { formatPlural } from '../format.ts';
import { formatPairs } from '../table.ts';
import type { Terminal } from '../terminal.ts';

interface BackendReport {
  /** As `--backend` takes it. */
  readonly name: string;
  readonly usable: boolean;
  /** What a recipe's `compute` may say and get; empty where it can't be used. */
  readonly compute: readonly Precision[];
  /** What else it has to offer, or why it can't be used. */
  readonly detail: string;
}

interface DatasetReport {
  readonly name: string;
  readonly dir: string;
  /** All of its files are there in full length. */
  readonly complete: boolean;
  /** Bytes there, of downloads that were begun too, and bytes in all. */
  readonly bytes: number;
  readonly totalBytes: number;
}

/** What `doctor --json` prints. */
interface MachineReport {
  readonly node: string;
  readonly platform: string;
  readonly cpu: string;
  /** Logical CPUs of the machine, and those this process may keep busy. */
  readonly cpus: { readonly total: number; readonly usable: number };
  /** Bytes. */
  readonly memory: { readonly total: number; readonly free: number };
  /** The backend that runs unless told otherwise. */
  readonly best: string;
  readonly backends: readonly BackendReport[];
  /** File of the native kernels that was loaded, or why none was, and what it was built without: `avx512+vnni`. */
  readonly native: {
    readonly path: string | null;
    readonly reasons: readonly string[];
    readonly notBuilt: readonly string[];
    /** Builds all of them. */
    readonly build: string;
  };
  readonly cache: string;
  readonly datasets: readonly DatasetReport[];
}

export const doctor: CliCommand = {
  examples: [commandLine`doctor`, commandLine`doctor --json`],
  define(command, terminal) {
    command.option('--json', 'print one JSON object').action(async (options: { json?: boolean }) => {
      const report = await inspectMachine(terminal.env);
      terminal.print(options.json ? JSON.stringify(report) : describe(report, terminal).join('\n'));
    });
  },
};

async function inspectMachine(env: NodeJS.ProcessEnv): Promise<MachineReport> {
  const native = nativeStatus();
  const backends = listBackends(native);
  return {
    node: process.version,
    platform: `${platform()} ${arch()}`,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cpus: { total: cpus().length, usable: usableCpus() },
    memory: { total: memoryLimit(), free: Math.min(freemem(), memoryLimit()) },
    best: chosen(env, backends),
    backends,
    native: {
      path: native.path ?? null,
      reasons: native.reasons,
      notBuilt: notBuilt(native),
      build: native.build,
    },
    cache: cacheDir(env),
    datasets: await Promise.all(Object.keys(DATASETS).map((name) => inspectDataset(env, name))),
  };
}

/** Instruction sets, and extensions with theirs before them, that have no kernels in the build. */
function notBuilt({ isas }: NativeStatus): string[] {
  return isas.flatMap(({ isa, notBuilt }) => notBuilt.map((name) => (name === isa ? isa : `${isa}+${name}`)));
}

/** What runs unless told otherwise: the best, or what FLASHLM_ISA names. */
function chosen({ FLASHLM_ISA: isa }: NodeJS.ProcessEnv, backends: readonly BackendReport[]): string {
  const usable = backends.filter((backend) => backend.usable);
  return (usable.find(({ name }) => isa && name === isaBackend(isa)) ?? usable[0]!).name;
}

/** `avx512+vnni` -> `native:avx512` */
const isaBackend = (isa: string): string => `native:${isa.split('+')[0]}`;

/** A container may have less than the machine. */
function memoryLimit(): number {
  const limit = process.constrainedMemory?.() ?? 0;
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}

/** The best first. */
function listBackends({ isas, reasons, build }: NativeStatus): BackendReport[] {
  const native = isas.map(({ isa, supported, missing, features, notBuilt }) => ({
    name: `native:${isa}`,
    usable: supported,
    compute: supported ? [...acceleratedBy(isa, features)] : [],
    detail: supported
      ? features.map((feature) => `with ${feature}`).join(', ')
      : [
          ...(missing.length ? [`the CPU lacks ${missing.join(', ')}`] : []),
          ...(notBuilt.includes(isa) ? ['not built'] : []),
        ].join('; '),
  }));
  const none = {
    name: 'native',
    usable: false,
    compute: [],
    detail: `${reasons.join('; ')}; build it with: ${build}`,
  };
  const reference = {
    name: 'reference',
    usable: true,
    compute: [...createReferenceBackend().accelerates],
    detail: 'plain TypeScript: slow, runs everywhere',
  };
  return [...(native.length ? native.reverse() : [none]), reference];
}

async function inspectDataset(env: NodeJS.ProcessEnv, name: string): Promise<DatasetReport> {
  const dir = datasetFolder(name, cacheDir(env));
  const { train, valid } = DATASETS[name]!;
  const files = [train, valid];
  const whole = await Promise.all(files.map((file) => sizeOf(join(dir, file.name))));
  const begun = await Promise.all(files.map((file) => sizeOf(join(dir, `${file.name}.part`))));
  return {
    name,
    dir,
    complete: files.every((file, i) => whole[i] === file.bytes),
    bytes: sum([...whole, ...begun]),
    totalBytes: sum(files.map((file) => file.bytes)),
  };
}

/** 0 for a file that is not there. */
async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function describe(report: MachineReport, terminal: Terminal): string[] {
  const { styles, env } = terminal;
  const { cpus, memory, native } = report;
  const usable = cpus.usable === cpus.total ? '' : ` (${cpus.usable} for this process)`;
  const width = Math.max(...report.backends.map(({ name }) => name.length));
  const isa = env.FLASHLM_ISA;
  const named = isa && report.best === isaBackend(isa) ? ` (FLASHLM_ISA=${isa})` : '';
  return [
    ...formatPairs(
      [
        ['Node', `${report.node} on ${report.platform}`],
        ['CPU', `${report.cpu}, ${formatPlural(cpus.total, 'thread')}${usable}`],
        ['Memory', `${formatBytes(memory.total)}, ${formatBytes(memory.free)} free`],
        ['Kernels', native.path ?? 'none: everything runs on the reference backend'],
        ...(native.path ? native.reasons : []).map((reason): [string, string] => ['Passed over', reason]),
        ...(native.notBuilt.length
          ? [['Not built', `${native.notBuilt.join(', ')}; build all with: ${native.build}`] as const]
          : []),
        ['Cache', report.cache],
      ],
      terminal,
    ),
    '',
    styles.bold('Backends'),
    ...report.backends.map((backend) => {
      const state = backend.usable ? styles.green('yes') : styles.red('no ');
      const facts = [
        backend.detail,
        backend.compute.length ? `compute ${backend.compute.join(', ')}` : '',
        backend.name === report.best ? `used unless told otherwise${named}` : '',
      ];
      return `  ${backend.name.padEnd(width)}  ${state}  ${facts.filter(Boolean).join('; ')}`;
    }),
    '',
    styles.bold('Data'),
    '  sample       built in',
    ...report.datasets.map((dataset) => `  ${dataset.name.padEnd(11)}  ${describeDataset(dataset)}`),
  ];
}

function describeDataset({ name, dir, complete, bytes, totalBytes }: DatasetReport): string {
  if (complete) return `${formatBytes(totalBytes)} in ${dir}`;
  const state = bytes ? `${formatBytes(bytes)} of ${formatBytes(totalBytes)} here` : 'not here';
  return `${state}; get it with: ${commandLine`data ${name}`} (${formatBytes(totalBytes)})`;
}
