import { createHash } from 'node:crypto';
import { type FlatArg, flatArgs } from '../../core/ops/calls.ts';
import { OP_NAMES, OPS } from '../../core/ops/table.ts';

/** What C++ knows of an argument: not what values tests give it, nor how closely results must agree. */
function layoutOf(arg: FlatArg): unknown {
  if (arg.kind === 'choice') return [arg.name, arg.values];
  if (arg.kind === 'scalar') return [arg.name, arg.symbol, arg.whole];
  const { name, role, dtype, rows, cols, optional, mayAlias, below, offsetsInto, packs } = arg;
  return [name, role, dtype, rows, cols, optional, mayAlias, below, offsetsInto, packs];
}

/**
 * Names the op table's arguments, in their order and with their shapes. The addon carries the signature it was
 * generated for: a build that is older than the table is refused instead of being called with other arguments.
 */
export function opTableSignature(): string {
  const table = OP_NAMES.map((op) => {
    const { equations, integer, returns, independent, schedule, mayBeZero, limits } = OPS[op];
    const layouts = flatArgs(op).map(layoutOf);
    return [op, layouts, equations, integer, returns, independent, schedule, mayBeZero, limits];
  });
  return createHash('sha256').update(JSON.stringify(table)).digest('hex').slice(0, 16);
}
