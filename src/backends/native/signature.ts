import { createHash } from 'node:crypto';
import type { OpName } from '../../core/kernels.ts';
import { type FlatArg, flatArgs } from '../../core/ops/calls.ts';
import { OP_NAMES, OPS } from '../../core/ops/table.ts';

/** What C++ knows of an argument: not what values tests give it, nor how closely results must agree. */
function layoutOf(arg: FlatArg): unknown {
  if (arg.kind === 'choice') return [arg.name, arg.values];
  if (arg.kind === 'scalar') return [arg.name, arg.symbol, arg.whole];
  const { name, role, dtype, rows, cols, optional, mayAlias, below, offsetsInto, packs } = arg;
  return [name, role, dtype, rows, cols, optional, mayAlias, below, offsetsInto, packs];
}

/** 64 bits that name an op's arguments, in their order and with their shapes. */
export function opSignature(op: OpName): bigint {
  const { equations, integer, returns, independent, schedule, mayBeZero, limits } = OPS[op];
  const layouts = flatArgs(op).map(layoutOf);
  const meaning = [op, layouts, equations, integer, returns, independent, schedule, mayBeZero, limits];
  return createHash('sha256').update(JSON.stringify(meaning)).digest().readBigUInt64BE();
}

/**
 * The sum of all ops' signatures. The addon carries that of the table it was generated for: a build that is older than the
 * table is refused instead of being called with other arguments.
 */
export function opTableSignature(): string {
  known ??= tableSignature();
  return known;
}

let known: string | undefined;

function tableSignature(): string {
  const sum = OP_NAMES.reduce((sum, op) => sum + opSignature(op), 0n);
  return BigInt.asUintN(64, sum).toString(16).padStart(16, '0');
}
