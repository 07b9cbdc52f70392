import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import { Random } from '../../src/core/random.ts';
import { BigramCounts } from '../../src/data/collapse.ts';
import type { Rows } from '../../src/runtime/rows.ts';

const streams = fc
  .tuple(fc.integer({ min: 2, max: 300 }), fc.integer({ min: 1, max: 3000 }), fc.integer())
  .map(([vocab, length, seed]) => {
    let state = seed | 0;
    const next = (): number => {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      return (state >>> 8) % vocab;
    };
    return { vocab, ids: Int32Array.from({ length }, next), targets: Int32Array.from({ length }, next) };
  });

const backend = createReferenceBackend();

/** Each token with its followers and how often each followed. */
const listed = (rows: Rows): [number, [number, number][]][] =>
  Array.from({ length: rows.count }, (_, r) => {
    const entries: [number, number][] = [];
    for (let e = rows.offsets[r]!; e < rows.offsets[r + 1]!; e++)
      entries.push([rows.targetIds[e]!, rows.weights[e]!]);
    return [rows.ids[r]!, entries];
  });

const countOf = (rows: Rows): number =>
  listed(rows).reduce((sum, [, entries]) => entries.reduce((own, [, times]) => own + times, sum), 0);

describe('BigramCounts', () => {
  it('BigramCounts gives each distinct token once, with the count of each follower, in order of id', () => {
    fc.assert(
      fc.property(streams, ({ vocab, ids, targets }) => {
        const counts = new BigramCounts(backend, vocab);
        counts.add(ids, targets, ids.length);
        const rows = counts.rows();
        const naive = new Map<number, Map<number, number>>();
        ids.forEach((id, i) => {
          const followers = naive.get(id) ?? naive.set(id, new Map()).get(id)!;
          followers.set(targets[i]!, (followers.get(targets[i]!) ?? 0) + 1);
        });
        const sorted = <V>(m: Map<number, V>): [number, V][] => [...m].sort((a, b) => a[0] - b[0]);
        const expected = sorted(naive).map(([id, followers]) => [id, sorted(followers)]);
        expect(listed(rows)).toEqual(expected);
        expect(counts.tokens).toBe(ids.length);
      }),
      { seed: 1, numRuns: 50 },
    );
  });

  it('BigramCounts gives a floor only for a text large enough for a good estimate', () => {
    const random = new Random(1, 'floor');
    // Each token is followed by one of 16, all alike: the truth is ln 16.
    const text = (length: number): BigramCounts => {
      const ids = Int32Array.from({ length }, () => Math.floor(random.uniform() * 64));
      const targets = ids.map((id) => (id + Math.floor(random.uniform() * 16)) % 64);
      const counts = new BigramCounts(createReferenceBackend('f32'), 64);
      counts.add(ids, targets, length);
      return counts;
    };
    expect(text(500).floor()).toBeLessThan(0.75 * Math.log(16));
    expect(text(500).textFloor()).toBeNull();
    const few = new BigramCounts(createReferenceBackend('f32'), 64);
    few.add(Int32Array.of(1, 2), Int32Array.of(2, 3), 2);
    expect(few.floor()).toBe(0);
    expect(few.textFloor()).toBeNull();
    const large = text(20_000);
    expect(large.textFloor()).toBe(large.floor());
    expect(large.floor()).toBeGreaterThan(0.98 * Math.log(16));
  });

  it('the floor of BigramCounts follows its definition, and is 0 where each token has one follower', () => {
    const counts = new BigramCounts(backend, 4);
    // 0 is followed by 1, 1, 2 and 3 by 0 alone: H = (3 ln 3 - 2 ln 2) / 4.
    counts.add(Int32Array.of(0, 0, 0, 3), Int32Array.of(1, 1, 2, 0), 4);
    expect(counts.floor()).toBeCloseTo((3 * Math.log(3) - 2 * Math.log(2)) / 4, 12);
    counts.clear();
    expect(counts.floor()).toBe(0);
    counts.add(Int32Array.of(0, 1, 0, 1), Int32Array.of(1, 0, 1, 0), 4);
    expect(counts.floor()).toBeCloseTo(0, 12);
  });

  it('the rows of BigramCounts do not depend on what it counted before', () => {
    fc.assert(
      fc.property(streams, ({ vocab, ids, targets }) => {
        const fresh = new BigramCounts(backend, vocab);
        fresh.add(ids, targets, ids.length);
        const used = new BigramCounts(backend, vocab);
        used.add(targets, ids, ids.length);
        used.add(
          Int32Array.from({ length: 70_000 }, (_, i) => i % vocab),
          Int32Array.from({ length: 70_000 }, (_, i) => (i >> 3) % vocab),
          70_000,
        );
        used.clear();
        used.add(ids, targets, ids.length);
        expect(listed(used.rows())).toEqual(listed(fresh.rows()));
        expect(used.floor()).toBe(fresh.floor());
      }),
      { seed: 2, numRuns: 20 },
    );
  });

  it('BigramCounts counts a stream in pieces as it counts it at once, with results available in between', () => {
    fc.assert(
      fc.property(
        streams,
        fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 20 }),
        ({ vocab, ids, targets }, cuts) => {
          const whole = new BigramCounts(backend, vocab);
          whole.add(ids, targets, ids.length);
          const pieces = new BigramCounts(backend, vocab);
          let start = 0;
          for (const cut of [...cuts, ids.length]) {
            const end = Math.min(ids.length, start + cut);
            pieces.add(ids.subarray(start), targets.subarray(start), end - start);
            start = end;
            if (cut % 3 === 0) expect(pieces.tokens).toBe(countOf(pieces.rows()));
          }
          expect(listed(pieces.rows())).toEqual(listed(whole.rows()));
          expect(pieces.floor()).toBe(whole.floor());
          expect(pieces.tokens).toBe(ids.length);
        },
      ),
      { seed: 3, numRuns: 50 },
    );
  });
});
