import { opList, opsHeader, tableFill, workShares } from './generate-header.ts';
import { opSpecs } from './generate-ops.ts';

/** The committed files of `native/generated` by name, as the op table gives them. */
export function generate(): ReadonlyMap<string, string> {
  return new Map([
    ['ops.h', opsHeader()],
    ['work_shares.h', workShares()],
    ['op_list.inl', opList()],
    ['table.inl', tableFill()],
    ['ops.inl', opSpecs()],
  ]);
}
