import { wrapBackend } from '../backends/wrap.ts';
import type { Backend } from '../core/backend.ts';
import type { OpName } from '../core/kernels.ts';
import type { Dims } from '../core/ops/dims.ts';
import { dimsOf } from '../core/ops/op-dims.ts';
import { OPS } from '../core/ops/table.ts';

/** Calls of one op at one size. */
export interface CallGroup {
  readonly op: OpName;
  readonly dims: Dims;
  readonly count: number;
}

/**
 * A backend of any number of threads whose kernels do nothing, but for `countPairs`, which says what rows there are: blocks
 * are as large, and calls as many, as on a machine of so many cores, and what a step takes is TypeScript.
 */
export class CallCounter {
  readonly backend: Backend;
  private groups: Map<string, CallGroup> | null = null;

  constructor(inner: Backend, threads: number) {
    const idle = wrapBackend('idle', inner, (op, values, call) => {
      if (this.groups) this.note(this.groups, op, values);
      if (op === 'countPairs') return call();
      return OPS[op].returns === 'number' ? 0 : undefined;
    });
    this.backend = { ...idle, threads, dispose: () => {} };
  }

  /** The calls that `run` makes. */
  async during(run: () => Promise<unknown>): Promise<CallGroup[]> {
    const groups = new Map<string, CallGroup>();
    this.groups = groups;
    await run();
    this.groups = null;
    return [...groups.values()];
  }

  private note(groups: Map<string, CallGroup>, op: OpName, values: readonly unknown[]): void {
    const dims = dimsOf(op, values);
    const key = JSON.stringify([op, dims]);
    groups.set(key, { op, dims, count: (groups.get(key)?.count ?? 0) + 1 });
  }
}
