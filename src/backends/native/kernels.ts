import type { Defer } from '../../core/backend.ts';
import { FlashError } from '../../core/errors.ts';
import type { Kernels, OpName } from '../../core/kernels.ts';
import { flatArgs, flatValues } from '../../core/ops/calls.ts';
import { mayBeDeferred } from '../../core/ops/schedule.ts';
import type { ArgSpec } from '../../core/ops/spec.ts';
import { OP_NAMES, OPS } from '../../core/ops/table.ts';
import type { Tensor } from '../../core/tensor.ts';
import type { Engine } from './addon.ts';

type Data = Tensor['data'];

/** Writes an argument's values into `flat` from `at` on and returns where the next argument's begin. */
type Put = (flat: unknown[], at: number, value: unknown) => number;

const putTensor: Put = (flat, at, value) => {
  const tensor = value as Tensor | null;
  flat[at] = tensor ? tensor.data : null;
  flat[at + 1] = tensor ? tensor.rows : 0;
  flat[at + 2] = tensor ? tensor.cols : 0;
  return at + 3;
};

const putPlain: Put = (flat, at, value) => {
  flat[at] = value;
  return at + 1;
};

function putArg(arg: ArgSpec): Put {
  if (arg.kind === 'tensor') return putTensor;
  if (arg.kind !== 'group') return putPlain;
  const fields = Object.keys(arg.fields);
  return (flat, at, value) => {
    const group = value as Readonly<Record<string, unknown>>;
    let next = at;
    for (let i = 0; i < fields.length; i++) next = putTensor(flat, next, group[fields[i]!]);
    return next;
  };
}

/** Adds the labels of the tensors that a native error speaks of: the binding knows arguments, not layers. */
function withLabels(error: Error, op: OpName, values: readonly unknown[]): Error {
  const flat = flatValues(op, values);
  const labels = flatArgs(op).flatMap((arg, i) => {
    const label = arg.kind === 'tensor' ? (flat[i] as Tensor | null)?.label : undefined;
    return label && label !== arg.name && error.message.includes(`'${arg.name}'`)
      ? [`${arg.name} is ${label}`]
      : [];
  });
  if (labels.length) error.message += ` (${labels.join(', ')})`;
  return error;
}

/** What the binding throws when memory ran out: for working memory it names op and bytes, else C++ does. */
const OUT_OF_MEMORY = /^out of memory: |^std::bad_alloc$/;

/** An error of the addon that is not a mistake in a call, in a person's words; null for any other. */
function memoryError(error: unknown, during: string): FlashError | null {
  if (!(error instanceof Error && OUT_OF_MEMORY.test(error.message))) return null;
  const what = error.message.startsWith('std') ? `out of memory: ${during}` : error.message;
  return new FlashError(what, {
    remedy: 'Make train.block_rows, data.batch or the number of threads smaller.',
    cause: error,
  });
}

function nativeKernel(
  engine: Engine,
  op: OpName,
  deferred: () => DeferredCalls | null,
): (...values: unknown[]) => unknown {
  const puts = OPS[op].args.map(putArg);
  const count = puts.length;
  // A call that cannot be deferred runs those that are.
  const isAwaited = !mayBeDeferred(op);
  // The two lists are reused for every call: a kernel never calls another one.
  const given: unknown[] = [];
  const flat: unknown[] = [];
  if (count > 20) throw new Error(`${op} has ${count} arguments: the wrapper takes 20`);
  // Separate parameters, as many as any op has: a rest parameter would allocate an array for each call.
  return (a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t) => {
    const calls = deferred();
    try {
      given[0] = a;
      given[1] = b;
      given[2] = c;
      given[3] = d;
      given[4] = e;
      given[5] = f;
      given[6] = g;
      given[7] = h;
      given[8] = i;
      given[9] = j;
      given[10] = k;
      given[11] = l;
      given[12] = m;
      given[13] = n;
      given[14] = o;
      given[15] = p;
      given[16] = q;
      given[17] = r;
      given[18] = s;
      given[19] = t;
      let at = 0;
      for (let arg = 0; arg < count; arg++) at = puts[arg]!(flat, at, given[arg]);
      if (calls) {
        calls.count++;
        if (isAwaited) calls.requireIntact();
      }
      const result = engine[op](...flat);
      calls?.keep(given);
      return result;
    } catch (error) {
      throw memoryError(error, op) ?? (error instanceof Error ? withLabels(error, op, given) : error);
    }
  };
}

/** The tensors of deferred calls: the engine has their addresses only. One list serves a whole training. */
class DeferredCalls {
  /** Calls made, including refused ones. */
  count = 0;
  private readonly tensors: Tensor[] = [];

  constructor(private readonly engine: Engine) {}

  clear(): void {
    this.count = 0;
    this.tensors.length = 0;
  }

  /** Of a call that the engine has taken. */
  keep(values: readonly unknown[]): void {
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      if (typeof value !== 'object' || value === null) continue;
      if ('data' in value) {
        this.tensors.push(value as Tensor);
        continue;
      }
      for (const name in value) {
        const tensor = (value as Readonly<Record<string, Tensor | null>>)[name];
        if (tensor) this.tensors.push(tensor);
      }
    }
  }

  /**
   * Forgets the deferred calls, and throws, unless all memory is still where it was: what is not has no
   * length.
   */
  requireIntact(): void {
    if (this.tensors.every(({ data, rows, cols }) => data.length === rows * cols)) return;
    this.engine.discard();
    throw new TypeError(
      'the memory of a tensor was transferred or resized while calls with it were deferred',
    );
  }

  run(onTimes: Parameters<Defer>[1]): void {
    try {
      this.requireIntact();
      const seconds = onTimes ? new Float64Array(this.count) : null;
      this.engine.close(this.transient(), seconds);
      if (seconds) onTimes!(seconds);
    } catch (error) {
      throw memoryError(error, 'deferred calls') ?? error;
    } finally {
      this.clear();
    }
  }

  /** Memory whose contents are not needed after the calls. */
  private transient(): Data[] {
    const found = new Set<Data>();
    for (const { data, transient } of this.tensors) if (transient) found.add(data);
    return [...found];
  }
}

/**
 * The op table's kernels on an engine, and what defers calls of them. Errors are TypeError and RangeError,
 * before the kernel has written anything, or FlashError where memory ran out.
 */
export function deferringKernels(engine: Engine): { readonly kernels: Kernels; readonly defer: Defer } {
  const calls = new DeferredCalls(engine);
  let deferred: DeferredCalls | null = null;
  const kernels = Object.fromEntries(
    OP_NAMES.map((op) => [op, nativeKernel(engine, op, () => deferred)]),
  ) as unknown as Kernels;
  const defer: Defer = (make, onTimes) => {
    if (deferred) return make();
    engine.open();
    deferred = calls;
    try {
      make();
    } catch (error) {
      deferred = null;
      // Earlier calls of the region still run, as without deferring. Their errors must not hide the mistake.
      try {
        calls.run(undefined);
      } catch {}
      throw error;
    }
    deferred = null;
    calls.run(onTimes);
  };
  return { kernels, defer };
}
