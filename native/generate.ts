import { OP_NAMES } from '../src/core/ops/table.ts';
import { opFiles, opList, opStruct, opsHeader, workShares } from './generate-header.ts';
import { opSpec } from './generate-ops.ts';

/**
 * The committed files of `native/generated` by name, as the op table gives them. What changes with every op is in files of
 * that op, or in lists with a line for each: two people who add ops do not meet.
 */
export function generate(): ReadonlyMap<string, string> {
  return new Map([
    ['ops.h', opsHeader()],
    ['work_shares.h', workShares()],
    ['op_list.inl', opList()],
    ['op_structs.inl', opFiles('h')],
    ['op_specs.inl', opFiles('inl')],
    ...OP_NAMES.flatMap((op): [string, string][] => [
      [`ops/${op}.h`, opStruct(op)],
      [`ops/${op}.inl`, opSpec(op)],
    ]),
  ]);
}
