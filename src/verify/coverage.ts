import type { IsaSupport } from '../backends/native/addon.ts';
import { createNativeBackend } from '../backends/native/index.ts';
import { createReferenceBackend } from '../backends/reference/index.ts';
import type { Backend } from '../core/backend.ts';
import type { OpName } from '../core/kernels.ts';
import { deviations } from '../core/ops/agreement.ts';
import { type Call, inputsOf, someVariants } from '../core/ops/inputs.ts';
import { dimsNear, freeSymbols } from '../core/ops/op-dims.ts';
import { OP_NAMES, OPS } from '../core/ops/table.ts';
import { runCall } from './op-run.ts';

/** One op on one backend. */
export interface Coverage {
  readonly op: OpName;
  /**
   * Where its kernel comes from: `own` was written (or compiled) for the backend, `composed` is put together of other
   * kernels, `scalar` is borrowed from the scalar table, anything else is the extension that replaces it.
   */
  readonly kernel: string;
  /** Calls that were tried just now and agreed with the reference; null where this machine can't run the backend. */
  readonly agreed: number | null;
  /** The first call that did not. */
  readonly failure: string | null;
}

/** All ops on one backend. */
export interface BackendCoverage {
  readonly backend: string;
  /** Why it can't be tried here; null where it can. */
  readonly missing: string | null;
  readonly ops: readonly Coverage[];
}

/** Sizes around which kernels have edges: below, at and above a register and a tile. */
const SIZES = [1, 3, 8, 17, 49, 65];
/** Larger calls would make the scalar reference slow: ops with many dimensions take smaller sizes. */
const MAX_FLOPS = 100_000;

/** Every op on the reference and on each instruction set of the build. */
export function coverage(isas: readonly IsaSupport[], onBackend?: (name: string) => void): BackendCoverage[] {
  const reference = createReferenceBackend('f32');
  onBackend?.(reference.name);
  return [
    cover(reference, (op) => (reference.own.has(op) ? 'own' : 'composed')),
    ...isas.map((isa) => {
      onBackend?.(`native:${isa.isa}`);
      return coverIsa(isa);
    }),
  ];
}

function coverIsa({
  isa,
  supported,
  missing,
  features,
  own,
  replaced,
  notBuilt,
}: IsaSupport): BackendCoverage {
  const kernelOf = (op: OpName): string => {
    // Of an instruction set that can't run here, all its extensions: what the build has.
    const active = supported ? features : Object.keys(replaced);
    const extension = active.find((feature) => replaced[feature]?.includes(op));
    return extension ?? (own.includes(op) ? 'own' : 'scalar');
  };
  if (!supported) {
    const isBuilt = !notBuilt.includes(isa);
    const kernel = isBuilt ? kernelOf : () => 'not built';
    const ops = OP_NAMES.map((op) => ({ op, kernel: kernel(op), agreed: null, failure: null }));
    const why = missing.length ? [`this CPU lacks ${missing.join(' ')}`] : [];
    return { backend: `native:${isa}`, missing: [...why, ...(isBuilt ? [] : ['not built'])].join('; '), ops };
  }
  const backend = createNativeBackend({ isa, features });
  try {
    return cover(backend, kernelOf);
  } finally {
    backend.dispose();
  }
}

function cover(backend: Backend, kernelOf: (op: OpName) => string): BackendCoverage {
  const [f32, f64] = [createReferenceBackend('f32'), createReferenceBackend('f64')];
  const ops = OP_NAMES.map((op): Coverage => {
    let agreed = 0;
    for (const call of callsOf(op)) {
      const failure = attempt(backend, f32, f64, call);
      if (failure) return { op, kernel: kernelOf(op), agreed, failure };
      agreed++;
    }
    return { op, kernel: kernelOf(op), agreed, failure: null };
  });
  return { backend: backend.name, missing: null, ops };
}

/** Each size for one symbol after the other, with every choice, and with and without each optional argument. */
function callsOf(op: OpName): Call[] {
  const symbols = freeSymbols(op);
  const all = SIZES.flatMap((_, seed) => {
    const upTo = (most: number) => dimsNear(op, (_, i) => Math.min(most, SIZES[(seed + i) % SIZES.length]!));
    const dims = [65, 17, 5].map(upTo).find((sizes) => OPS[op].flops(sizes) <= MAX_FLOPS) ?? upTo(3);
    return someVariants(op, seed).map((variant) => ({ op, dims, seed, variant }));
  });
  // A long sum, past the steps after which narrow integers are widened.
  const long = dimsNear(op, (symbol) => (symbol === 'K' ? 1025 : 3));
  return symbols.includes('K') ? [...all, { op, dims: long, seed: 0, variant: 0 }] : all;
}

function attempt(backend: Backend, f32: Backend, f64: Backend, call: Call): string | null {
  const inputs = inputsOf(call);
  try {
    const actual = runCall(backend, call, inputs);
    const isReal = (name: string) => actual.tensors.get(name)?.dtype === 'f32' || name === 'returned';
    const found = [
      ...deviations(call.op, actual, runCall(f32, call, inputs)),
      // Codes are left out: a threshold that float32 rounds decides another one.
      ...deviations(call.op, actual, runCall(f64, call, inputs)).filter(({ arg }) => isReal(arg)),
    ];
    const worst = found.find((d) => d.mismatch)?.mismatch;
    const dims = Object.entries(call.dims).map(([symbol, size]) => `${symbol}=${size}`);
    return worst
      ? `${worst.arg}[${worst.row}, ${worst.col}] is ${worst.actual}, expected ${worst.expected} (${dims.join(' ')})`
      : null;
  } catch (error) {
    return (error as Error).message;
  }
}
