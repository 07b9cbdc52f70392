import type { Tensor } from '../../core/tensor.ts';

/** Bytes that are checked on each side of a tensor: one row, the most common overrun, but at least a cache line. */
const edgeBytes = ({ cols, data }: Tensor): number =>
  Math.min(1 << 14, Math.max(64, cols * data.BYTES_PER_ELEMENT));

interface Edge {
  readonly tensor: Tensor;
  readonly side: 'before its start' | 'past its end';
  /** The bytes in memory. */
  readonly bytes: Uint8Array;
  /** A copy from before the call. */
  readonly before: Uint8Array;
}

/**
 * The bytes around the tensors that a call is about to write. A tensor can be part of a larger allocation (a ragged
 * block, a parameter in the flat store), whose guard bytes would miss a write just past the tensor's end.
 */
export class Edges {
  private readonly edges: Edge[];

  constructor(private readonly written: readonly Tensor[]) {
    this.edges = written.flatMap((tensor) => {
      const { buffer, byteOffset, byteLength } = tensor.data;
      const end = byteOffset + byteLength;
      const reach = edgeBytes(tensor);
      const edge = (side: Edge['side'], from: number, to: number): Edge => {
        const bytes = new Uint8Array(buffer, from, to - from);
        return { tensor, side, bytes, before: bytes.slice() };
      };
      return [
        edge('before its start', Math.max(0, byteOffset - reach), byteOffset),
        edge('past its end', end, Math.min(buffer.byteLength, end + reach)),
      ];
    });
  }

  /** The first edge with a changed byte that belongs to none of the tensors. */
  breach(): Pick<Edge, 'tensor' | 'side'> | undefined {
    return this.edges.find(({ bytes, before }) =>
      bytes.some((byte, i) => byte !== before[i] && !this.belongs(bytes.buffer, bytes.byteOffset + i)),
    );
  }

  private belongs(buffer: ArrayBufferLike, at: number): boolean {
    return this.written.some(
      ({ data }) => data.buffer === buffer && at >= data.byteOffset && at < data.byteOffset + data.byteLength,
    );
  }
}
