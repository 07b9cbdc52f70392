import { ALL } from '../effort.ts';
import { type FsCall, interpose } from './interpose.ts';

/** What a call is, whatever step or process it belongs to. */
const kindOf = ({ op, path }: FsCall): string => `${op} ${path.replace(/[0-9a-f]{8,}|\d+/g, '#')}`;

/**
 * The numbers (from 0) of those of `calls` at which a fault is planted: every one of them under `npm run test:all`, else
 * the first of each kind. Later calls of a kind find the disk in another state, but run the same code.
 */
export function momentsOf(calls: readonly FsCall[]): number[] {
  const seen = new Set<string>();
  return [...calls.keys()].filter(
    (n) => ALL || (!seen.has(kindOf(calls[n]!)) && seen.add(kindOf(calls[n]!))),
  );
}

/** The calls on `root` that `counts` takes while `work` runs, in their order. */
export async function callsOf(
  root: string,
  counts: (call: FsCall) => boolean,
  work: () => Promise<unknown>,
): Promise<FsCall[]> {
  const calls: FsCall[] = [];
  const restore = await interpose({
    root,
    decide: (call) => {
      if (counts(call)) calls.push(call);
      return undefined;
    },
  });
  try {
    await work();
  } finally {
    await restore();
  }
  return calls;
}
