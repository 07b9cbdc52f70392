import type { Backend } from '../../core/backend.ts';
import { commandLine } from '../../core/command-line.ts';
import { PRECISIONS, type Precision } from '../../core/compute.ts';
import { FlashError } from '../../core/errors.ts';
import { OP_NAMES } from '../../core/ops/table.ts';
import type { Addon, Engine, EngineOptions, IsaSupport } from './addon.ts';
import { deferringKernels } from './kernels.ts';
import { buildCommand, loadAddon } from './load.ts';
import { packingOf } from './packing.ts';
import { requireThreads } from './thread-limits.ts';
import { defaultThreads } from './threads.ts';

const CACHE_LINE = 64;

/** So much at once comes from the system, zeroed when it is first touched; less may come from the heap, which zeroes it. */
const FROM_SYSTEM = 40 << 20;

/** What a native backend of this instruction set with these extensions `accelerates`. */
export const acceleratedBy = (isa: string, features: readonly string[]): ReadonlySet<Precision> =>
  new Set(PRECISIONS.filter((one) => one === 'f32' || packingOf(one, isa, features) > 1));

export interface NativeStatus {
  readonly available: boolean;
  /** The file that was loaded. */
  readonly path?: string;
  /** The build's instruction sets, the plainest first. */
  readonly isas: readonly IsaSupport[];
  /** Why the places that were tried before, or all of them, did not serve. */
  readonly reasons: readonly string[];
  /** Compiles the addon when it is run in the user's working folder. */
  readonly build: string;
}

/** What this machine offers, for the command `doctor` and for choosing a fallback. Never throws. */
export function nativeStatus(): NativeStatus {
  const { addon, path, reasons } = loadAddon();
  const build = buildCommand();
  return addon
    ? { available: true, path, isas: addon.supported(), reasons, build }
    : { available: false, isas: [], reasons, build };
}

/** `avx512+vnni` names exactly these features, `avx512` all that the machine has. */
function parseIsa(text: string): Pick<EngineOptions, 'isa' | 'features'> {
  const [isa, ...features] = text.split('+');
  return features.length ? { isa, features } : { isa };
}

/** @throws FlashError when the addon does not load, or the machine lacks what is asked for. */
export function createEngine(options: EngineOptions): { readonly addon: Addon; readonly engine: Engine } {
  const { addon, reasons } = loadAddon();
  if (!addon)
    throw new FlashError('the native backend is not available', {
      where: reasons.join('\n  '),
      remedy: `build it with: ${buildCommand()}; or choose --backend reference`,
    });
  const named = options.isa === undefined && process.env.FLASHLM_ISA;
  const isa = options.isa ?? (named || undefined);
  const threads = options.threads ?? defaultThreads();
  requireThreads(threads);
  const given = {
    ...(isa && parseIsa(isa)),
    ...(options.features && { features: options.features }),
    threads,
  };
  try {
    return { addon, engine: new addon.Engine(given) };
  } catch (error) {
    const { message } = error as Error;
    const isThreads = message.startsWith('native: threads');
    throw new FlashError(message, {
      where: named && !isThreads ? `FLASHLM_ISA=${named}` : undefined,
      remedy: isThreads
        ? 'Give another number with --threads, train.threads or FLASHLM_THREADS.'
        : message.endsWith('was not built')
          ? `Build it with: ${buildCommand()}`
          : `see what this machine offers: ${commandLine`doctor`}`,
      exitCode: 2,
    });
  }
}

/**
 * The native kernels (float32). `isa` is `avx2`, or `avx512+vnni` to name its extensions too; FLASHLM_ISA and
 * FLASHLM_THREADS are the defaults, then the best that this machine supports and all of its CPUs.
 * Throws FlashError when the addon does not load, or the machine lacks what is asked for.
 */
export function createNativeBackend(options: EngineOptions = {}): Backend {
  const { addon, engine } = createEngine(options);
  return backendOf(addon, engine);
}

/** Hands out memory that takes no place until it is written: for a rehearsal. */
function untouched(addon: Addon): Backend['allocate'] {
  let room = new Uint8Array();
  let reserved = 0;
  return (bytes) => {
    const size = Math.ceil(bytes / CACHE_LINE) * CACHE_LINE;
    if (size > room.length) {
      const fresh = new Uint8Array(Math.max(size + CACHE_LINE, FROM_SYSTEM, reserved));
      reserved += fresh.length;
      room = fresh.subarray((CACHE_LINE - addon.misalignment(fresh)) % CACHE_LINE);
    }
    const memory = room.subarray(0, bytes);
    room = room.subarray(size);
    return memory;
  };
}

/** The kernels of an engine of `addon` as a backend. */
export function backendOf(addon: Addon, engine: Engine): Backend {
  const { isa, features } = engine;
  return {
    name: `native:${[isa, ...features].join('+')}`,
    real: 'f32',
    threads: engine.threads,
    ...deferringKernels(engine),
    own: new Set(OP_NAMES),
    accelerates: acceleratedBy(isa, features),
    inspector: {
      digest: (array) => engine.digest(array),
      findNonFinite: (array) => engine.findNonFinite(array),
    },
    packedTernaryBytes: (rows, cols) => engine.packedTernaryBytes(rows, cols),
    workingBytes: () => engine.workingBytes(),
    rehearse: (calls) => {
      const rehearsing = new addon.Engine({ isa, features, threads: engine.threads });
      rehearsing.rehearse();
      try {
        calls({ ...backendOf(addon, rehearsing), allocate: untouched(addon) });
        return rehearsing.workingBytes();
      } finally {
        rehearsing.dispose();
      }
    },
    allocate: (bytes) => {
      const memory = new Uint8Array(new ArrayBuffer(bytes + CACHE_LINE));
      const first = (CACHE_LINE - addon.misalignment(memory)) % CACHE_LINE;
      return memory.subarray(first, first + bytes);
    },
    dispose: () => engine.dispose(),
  };
}
