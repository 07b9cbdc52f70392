import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { missingKernels } from '../../scripts/missing-kernels.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

it('no op of the table lacks a reference or a native kernel', () => {
  expect(missingKernels(root)).toEqual([]);
});

it('`npm run generate` names the lines by which the reference and the kernel of a new op are found', () => {
  expect(missingKernels(root, ['squaredRelu'])).toEqual([
    'squaredRelu has no reference: a file of src/backends/reference needs the line  ' +
      "export const squaredRelu: Kernels['squaredRelu'] =",
    'squaredRelu has no native kernel: a file of native/kernels needs the line  ' +
      'void squaredRelu(Context& ctx, const SquaredReluArgs& args) noexcept {',
  ]);
});
