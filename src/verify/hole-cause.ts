import type { Kernels } from '../core/kernels.ts';
import type { Layer } from '../core/layer.ts';
import { describeNonFinite } from '../core/ops/finite.ts';
import type { LayerCase } from './layer-case.ts';

/**
 * Why the passes of a layer leave elements that are not numbers: what forward leaves, what backward reads of an x or y that the
 * layer does not keep, or what it does not write. `record` gives kernels for a pass from the start.
 */
export function causeOfHoles(test: LayerCase, record: () => Kernels): string {
  const holes = (keeps: Layer['keeps']): string | undefined => {
    const kernels = record();
    test.forward(kernels);
    test.backwardAfresh(kernels, keeps);
    return test.firstHole();
  };
  test.forward(record());
  const left = describeNonFinite(test.y, 'in');
  if (left) return `forward left ${left}`;
  const { keeps } = test.layer;
  for (const other of [
    { input: true, output: keeps.output },
    { input: keeps.input, output: true },
    { input: true, output: true },
  ]) {
    if (holes(other)) continue;
    const read = [
      ...(other.input && !keeps.input ? ['x'] : []),
      ...(other.output && !keeps.output ? ['y'] : []),
    ];
    const flags = `keeps: { input: ${other.input}, output: ${other.output} }`;
    return `backward reads ${read.join(' and ')}, which the layer says it does not keep; give it ${flags}`;
  }
  return `backward left ${holes(keeps)}`;
}
