import type { Chunk, ChunkBuilder } from './chunk-builder.ts';
import { HEAD_BYTES } from './file-kind.ts';

const CARRIAGE_RETURN = 0x0d;
const NEWLINE = 0x0a;
const CRLF = Buffer.from('\r\n');

/** Fills chunks from text whose documents are divided by `delimiter`; newlines around a document are left out. */
export async function* fillFromText(
  blocks: AsyncIterable<Buffer>,
  builder: ChunkBuilder,
  delimiter: string,
): AsyncGenerator<Chunk> {
  const marker = Buffer.from(delimiter);
  let held = Buffer.alloc(0);
  for await (const block of withNewlines(blocks)) {
    const data = held.length > 0 ? Buffer.concat([held, block]) : block;
    let from = 0;
    for (let at = data.indexOf(marker); at >= 0; at = data.indexOf(marker, from)) {
      builder.append(data.subarray(from, at), true);
      builder.endDocument(true);
      for (const chunk of builder.drain(false)) yield chunk;
      from = at + marker.length;
    }
    const keep = markerBegun(data.subarray(from), marker);
    held = Buffer.from(data.subarray(data.length - keep));
    builder.append(data.subarray(from, data.length - keep), true);
    for (const chunk of builder.drain(false)) yield chunk;
  }
  builder.append(held, true);
  builder.endDocument(true);
}

/** How many bytes at the end of `data` are a beginning of the marker. */
function markerBegun(data: Buffer, marker: Buffer): number {
  for (let keep = Math.min(marker.length - 1, data.length); keep > 0; keep--) {
    if (data.subarray(-keep).equals(marker.subarray(0, keep))) return keep;
  }
  return 0;
}

/**
 * Turns CRLF into LF, also where a block ends between the two; and a lone CR, where the first line of the file ends
 * with one and no LF is near (HEAD_BYTES), as old Macs wrote it.
 */
async function* withNewlines(blocks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let heldReturn = false;
  let lone: boolean | undefined;
  for await (const block of blocks) {
    if (block.length === 0) continue;
    lone ??= endsLinesWithReturn(block.subarray(0, HEAD_BYTES));
    if (lone) {
      for (let at = block.indexOf(CARRIAGE_RETURN); at >= 0; at = block.indexOf(CARRIAGE_RETURN, at)) {
        block[at] = NEWLINE;
      }
      yield block;
      continue;
    }
    if (heldReturn && block[0] !== NEWLINE) yield Buffer.of(CARRIAGE_RETURN);
    heldReturn = block[block.length - 1] === CARRIAGE_RETURN;
    yield dropReturns(heldReturn ? block.subarray(0, -1) : block);
  }
  if (heldReturn) yield Buffer.of(CARRIAGE_RETURN);
}

function endsLinesWithReturn(head: Buffer): boolean {
  return head.includes(CARRIAGE_RETURN) && !head.includes(NEWLINE);
}

function dropReturns(block: Buffer): Buffer {
  let kept = block.indexOf(CRLF);
  if (kept < 0) return block;
  for (let from = kept; ; ) {
    const next = block.indexOf(CRLF, from + 1);
    const stop = next < 0 ? block.length : next;
    block.copyWithin(kept, from + 1, stop);
    kept += stop - from - 1;
    if (next < 0) return block.subarray(0, kept);
    from = next;
  }
}
