import { FlashError } from '../../core/errors.ts';
import { sharesMemory, type Tensor } from '../../core/tensor.ts';
import type { LayerCall } from '../../core/watch.ts';

interface Seal {
  readonly tensor: Tensor;
  readonly digest: number;
  /** Who wrote there since, if anybody did by way of a kernel. */
  writer?: string;
}

/**
 * Checksums of what a layer's forward leaves for its backward. FlashLM once lost days to a kernel that wrote over an
 * activation which backward still had to read.
 */
export class SavedTensors {
  /** By the requests of a plan, which are the same object in every call of one layer on one plan. */
  private readonly seals = new Map<LayerCall['requests'], Seal[]>();

  constructor(private readonly digest: (t: Tensor) => number) {}

  /** After a forward that a backward will follow. `known`: checksums that need not be taken again. */
  seal({ requests, kept }: LayerCall, known?: ReadonlyMap<Tensor['data'], number>): void {
    const tensors = [...requests.saved, ...kept];
    if (tensors.length === 0) return;
    this.seals.set(
      requests,
      tensors.map((tensor) => ({ tensor, digest: known?.get(tensor.data) ?? this.digest(tensor) })),
    );
  }

  /** Notes that `writer` wrote to a tensor, in case it should not have. */
  noteWrite({ data }: Tensor, writer: string): void {
    for (const seals of this.seals.values()) {
      for (const seal of seals) if (sharesMemory(seal.tensor.data, data)) seal.writer = writer;
    }
  }

  /** Before the backward. @throws FlashError when it would not find what its forward left. */
  verify({ path, requests, kept }: LayerCall): void {
    const seals = this.seals.get(requests);
    this.seals.delete(requests);
    for (const { tensor, digest: before, writer } of seals ?? []) {
      if (this.digest(tensor) === before) continue;
      const culprit = writer ? `written over by ${writer}` : 'changed outside the kernels';
      throw new FlashError(`${tensor.label} was ${culprit} between forward and backward of ${path}`);
    }
    if (!seals) return;
    const left = seals.slice(requests.saved.length).map(({ tensor }) => tensor);
    const other = kept.findIndex((tensor, i) => tensor.data !== left[i]?.data);
    if (other >= 0) {
      throw new FlashError(
        `backward of ${path} was given ${kept[other]!.label}, its forward ${left[other]?.label ?? 'nothing'}`,
      );
    }
  }
}
