import { FlashError } from '../../core/errors.ts';
import { sharesMemory, type Tensor } from '../../core/tensor.ts';
import type { LayerCall } from '../../core/watch.ts';

interface Seal {
  readonly tensor: Tensor;
  readonly digest: number;
  /** The last kernel call that wrote to the tensor after it was sealed. */
  writer?: string;
}

/**
 * Checksums of the tensors that a layer's forward leaves for its backward: they find a kernel that overwrites an
 * activation before backward has read it.
 */
export class SavedTensors {
  /** Keyed by the plan's requests: the same object in every call of a layer with the same plan. */
  private readonly seals = new Map<LayerCall['requests'], Seal[]>();

  constructor(private readonly digest: (t: Tensor) => number) {}

  /** Call it after a forward that a backward will follow. `known`: checksums that were already computed. */
  seal({ requests, kept }: LayerCall, known?: ReadonlyMap<Tensor['data'], number>): void {
    const tensors = [...requests.saved, ...kept];
    if (tensors.length === 0) return;
    this.seals.set(
      requests,
      tensors.map((tensor) => ({ tensor, digest: known?.get(tensor.data) ?? this.digest(tensor) })),
    );
  }

  /** Notes that `writer` wrote to a tensor, so that `verify` can name it. */
  noteWrite({ data }: Tensor, writer: string): void {
    for (const seals of this.seals.values()) {
      for (const seal of seals) if (sharesMemory(seal.tensor.data, data)) seal.writer = writer;
    }
  }

  /** Call it before the backward. @throws FlashError when a tensor that its forward saved has changed. */
  verify({ path, requests, kept }: LayerCall): void {
    const seals = this.seals.get(requests);
    this.seals.delete(requests);
    for (const { tensor, digest: before, writer } of seals ?? []) {
      if (this.digest(tensor) === before) continue;
      const culprit = writer ? `overwritten by ${writer}` : 'changed outside the kernels';
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
