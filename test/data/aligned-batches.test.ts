import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alignedSequences } from '../../src/data/aligned-sequences.ts';
import { type BatchOptions, BatchSource, orderVersion } from '../../src/data/batches.ts';
import { numberStream } from './number-stream.ts';

function endsOf(lengths: readonly number[]): number[] {
  let end = 0;
  return lengths.map((length) => {
    end += length;
    return end;
  });
}

function source(lengths: readonly number[], options: Partial<BatchOptions> = {}): BatchSource {
  const ends = endsOf(lengths);
  return new BatchSource(numberStream(ends.at(-1)!, ends), {
    ...{ seqLen: 5, batch: 3, order: 'sequential', seed: 1, align: true },
    ...options,
  });
}

/** The targets of the sequences of `epochs` epochs. Ids must be the tokens before them. */
function sequencesOf(from: BatchSource, tokens: number, seqLen: number, epochs: number): number[][] {
  const ids = new Int32Array(from.positions);
  const targets = new Int32Array(from.positions);
  const sequences: number[][] = [];
  const count = (epochs * from.epochPositions) / seqLen;
  let wrong = 0;
  for (let step = 0; sequences.length < count; step++) {
    from.fill(step, ids, targets);
    for (let i = 0; i < ids.length; i++) {
      if (targets[i] !== (ids[i]! + 1) % tokens) wrong++;
      if (i % seqLen && ids[i] !== targets[i - 1]) wrong++;
    }
    for (let start = 0; start < ids.length; start += seqLen)
      sequences.push([...targets.subarray(start, start + seqLen)]);
  }
  expect(wrong).toBe(0);
  return sequences.slice(0, count);
}

const texts = fc.record({
  seqLen: fc.integer({ min: 1, max: 12 }),
  batch: fc.integer({ min: 1, max: 5 }),
  // Shorter than a sequence, about as long, and several times as long.
  lengths: fc.array(fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 60 })), {
    minLength: 1,
    maxLength: 20,
  }),
  seed: fc.integer({ min: 0, max: 1000 }),
});

describe('sequences that begin at documents', () => {
  it('aligned sequences begin at a document, or continue the one that fills the sequence before them', () => {
    fc.assert(
      fc.property(texts, ({ seqLen, lengths }) => {
        const ends = endsOf(lengths);
        const documents = ends.map((end, i) => ({ start: ends[i - 1] ?? 0, end }));
        const starts = [...alignedSequences(documents, seqLen)];
        const firsts = new Set(documents.map(({ start }) => start));
        const wrong = starts.filter((start, i) => {
          if (firsts.has(start)) return false;
          const { start: first, end } = documents.find((d) => d.start < start && start < d.end)!;
          const before = starts[i - 1]!;
          return !(start === before + seqLen && first <= before && end > start);
        });
        expect(wrong).toEqual([]);
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it('every epoch of aligned sequences reads each token, and twice only beginnings of documents cut short', () => {
    fc.assert(
      fc.property(texts, fc.constantFrom('sequential', 'shuffled'), ({ lengths, ...size }, order) => {
        const ends = endsOf(lengths);
        const tokens = ends.at(-1)!;
        fc.pre(tokens > size.seqLen);
        const all = sequencesOf(source(lengths, { ...size, order }), tokens, size.seqLen, 2);
        const half = all.length / 2;
        for (const epoch of [all.slice(0, half), all.slice(half)]) {
          const times = new Int32Array(tokens);
          for (const sequence of epoch) for (const token of sequence) times[token]!++;
          expect(Math.min(...times)).toBeGreaterThan(0);
          // What a sequence reads of a document at its end, where another sequence begins with that document.
          const begins = new Set(epoch.map(([first]) => first!));
          const expected = new Int32Array(tokens).fill(1);
          const last = Math.max(...begins);
          for (const sequence of epoch) {
            const at = sequence.findIndex(
              (token, i) => i > 0 && begins.has(token) && sequence[0]! < token && token > sequence[i - 1]!,
            );
            // The last sequence of the text runs on into its beginning.
            const from = at > 0 ? at : sequence[0] === last ? sequence.indexOf(0, 1) : -1;
            if (from > 0) for (const token of sequence.slice(from)) expected[token]!++;
          }
          expect([...times]).toEqual([...expected]);
        }
      }),
      { seed: 2, numRuns: 200 },
    );
  });

  it('an epoch of aligned sequences has the same ones in any order, and shuffled another order each time', () => {
    const lengths = Array.from({ length: 40 }, (_, i) => 1 + ((i * 7) % 11));
    const tokens = lengths.reduce((a, b) => a + b);
    const firsts = (options: Partial<BatchOptions>, epochs: number) =>
      sequencesOf(source(lengths, options), tokens, 5, epochs).map(([first]) => first);
    const inOrder = firsts({}, 1);
    const shuffled = firsts({ order: 'shuffled' }, 2);
    const [one, two] = [shuffled.slice(0, inOrder.length), shuffled.slice(inOrder.length)];
    expect(one).not.toEqual(inOrder);
    expect(two).not.toEqual(one);
    for (const epoch of [one, two]) expect(epoch.sort((a, b) => a! - b!)).toEqual(inOrder);
    expect(firsts({ order: 'shuffled', seed: 2 }, 1)).not.toEqual(shuffled.slice(0, inOrder.length));
  });

  it('documents of 3, 4, 13 and 2 tokens give these aligned sequences of 5', () => {
    const documents = endsOf([3, 4, 13, 2]).map((end, i, ends) => ({ start: ends[i - 1] ?? 0, end }));
    // 3 and the first 2 of 4; all 4 and the first of 13; the 13 in three sequences, the last with the 2.
    expect([...alignedSequences(documents, 5)]).toEqual([0, 3, 7, 12, 17]);
    expect(source([3, 4, 13, 2]).epochPositions).toBe(25);
  });

  it('any aligned batch is computed without the earlier ones', () => {
    const lengths = Array.from({ length: 50 }, (_, i) => 1 + ((i * 5) % 9));
    const batch = (step: number) => {
      const from = source(lengths, { order: 'shuffled' });
      const ids = new Int32Array(from.positions);
      from.fill(step, ids, ids.slice());
      return [...ids];
    };
    const steps = [7, 0, 500, 3];
    const from = source(lengths, { order: 'shuffled' });
    for (const step of steps) {
      const ids = new Int32Array(from.positions);
      from.fill(step, ids, ids.slice());
      expect([...ids]).toEqual(batch(step));
    }
  });

  it('runs from before sequences could be aligned keep the version of their order', () => {
    expect([orderVersion({ order: 'sequential' }), orderVersion({ order: 'shuffled' })]).toEqual([1, 2]);
    expect(orderVersion({ order: 'shuffled', align: true })).toBe(1);
  });
});
