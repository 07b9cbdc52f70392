import { createHash } from 'node:crypto';
import { OP_NAMES, OPS } from '../../core/ops/table.ts';

/**
 * Names the op table's arguments, in their order and with their shapes. The addon carries the signature it was
 * generated for: a build that is older than the table is refused instead of being called with other arguments.
 */
export function opTableSignature(): string {
  const table = OP_NAMES.map((op) => {
    const { args, equations, integer, returns, independent, schedule, mayBeZero } = OPS[op];
    return [op, args, equations, integer, returns, independent, schedule, mayBeZero];
  });
  return createHash('sha256').update(JSON.stringify(table)).digest('hex').slice(0, 16);
}
