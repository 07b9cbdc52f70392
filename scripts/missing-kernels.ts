// What the ops of the table still lack: an op is added in steps, and `npm run generate` says which is next.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { FUSED_OPS } from '../src/core/ops/fused.ts';
import { OP_NAMES, OPS } from '../src/core/ops/table.ts';

const textOf = (folder: string, ending: string): string =>
  readdirSync(folder)
    .filter((name) => name.endsWith(ending))
    .map((name) => readFileSync(path.join(folder, name), 'utf8'))
    .join('\n');

const FUSED: ReadonlySet<string> = new Set(FUSED_OPS);

const pascal = (op: string): string => op[0]!.toUpperCase() + op.slice(1);

/** A line for each op without a reference or a native kernel, and the line by which either is found. */
export function missingKernels(root: string, ops: readonly string[] = OP_NAMES): string[] {
  const references = textOf(path.join(root, 'src/backends/reference'), '.ts');
  const kernels = textOf(path.join(root, 'native/kernels'), '.inl');
  return ops.flatMap((op) => {
    const reference = `export const ${op}: Kernels['${op}'] =`;
    const returned = OPS[op as keyof typeof OPS]?.returns === 'number' ? 'double' : 'void';
    const kernel = `${returned} ${op}(Context& ctx, const ${pascal(op)}Args& args) noexcept {`;
    return [
      ...(references.includes(reference) || FUSED.has(op)
        ? []
        : [`${op} has no reference: a file of src/backends/reference needs the line  ${reference}`]),
      ...(kernels.includes(kernel)
        ? []
        : [`${op} has no native kernel: a file of native/kernels needs the line  ${kernel}`]),
    ];
  });
}
