import fc from 'fast-check';
import { expect, it } from 'vitest';
import { documentFilter } from '../../src/data/document-share.ts';
import { documentsOf, flashErrorOf, put, temporaryFolder } from './workshop.ts';

const folder = temporaryFolder();

it('a share puts every document on one side, and the stated fraction on each', () => {
  fc.assert(
    fc.property(fc.double({ min: 0.001, max: 0.999, noNaN: true }), fc.nat(2000), (validShare, count) => {
      const valid = documentFilter({ validShare, side: 'valid' });
      const train = documentFilter({ validShare, side: 'train' });
      let kept = 0;
      let onOne = 0;
      for (let i = 0; i < count; i++) {
        const isValid = valid(i);
        if (isValid) kept++;
        if (train(i) !== isValid) onOne++;
      }
      expect(onOne).toBe(count);
      expect(Math.abs(kept - count * validShare)).toBeLessThanOrEqual(1);
      // Enough documents are enough.
      if (count >= Math.max(2, Math.ceil(1 / validShare))) {
        expect(kept).toBeGreaterThan(0);
        expect(kept).toBeLessThan(count);
      }
    }),
    { seed: 3, numRuns: 150 },
  );
});

it('a share draws the same documents every time, and not at regular distances', () => {
  const drawn = (validShare: number) => {
    const filter = documentFilter({ validShare, side: 'valid' });
    return Array.from({ length: 200 }, (_, i) => i).filter(filter);
  };
  expect(drawn(0.05)).toEqual(drawn(0.05));
  expect(drawn(0.05)).toEqual([14, 20, 48, 65, 87, 118, 139, 150, 166, 183]);
  expect(new Set(drawn(0.1).map((document) => document % 10)).size).toBeGreaterThan(4);
});

it.each([Number.MIN_VALUE, 4.9e-17, 1e-9, 1 - Number.EPSILON / 2])(
  'a share accepts the extreme value %d',
  (validShare) => {
    const filter = documentFilter({ validShare, side: 'valid' });
    const kept = Array.from({ length: 4 }, (_, i) => filter(i)).filter(Boolean).length;
    expect(kept).toBe(validShare < 0.5 ? 0 : 3);
  },
);

it.each(['text', 'lines', 'jsonl'] as const)(
  'a share divides files of the format %s, without counting empty documents',
  async (format) => {
    const texts = Array.from({ length: 40 }, (_, i) => `document ${i} ${'with some words '.repeat(i * 40)}`);
    const write = {
      text: () => texts.join('\n<|endoftext|>\n\n<|endoftext|>'),
      lines: () => texts.join('\n\n\n'),
      jsonl: () => texts.map((text) => `${JSON.stringify({ text })}\n{"text":""}\n`).join(''),
    };
    const path = put(folder, `divided.${format}`, write[format]());
    const sides = await Promise.all(
      (['train', 'valid'] as const).map((side) =>
        documentsOf(path, format, { part: { validShare: 0.1, side } }),
      ),
    );
    const [train, valid] = sides as [string[], string[]];
    const filter = documentFilter({ validShare: 0.1, side: 'valid' });
    const drawn = texts.map((_, i) => filter(i));
    expect(valid).toEqual(texts.filter((_, i) => drawn[i]));
    expect(train).toEqual(texts.filter((_, i) => !drawn[i]));
    expect(valid.length).toBe(4);
  },
);

it.each(['train', 'valid'] as const)(
  'a text that cannot be divided is reported with the reason, whichever side is read: %s',
  async (side) => {
    const one = put(folder, 'one.txt', 'only one document\nof two lines');
    const error = await flashErrorOf(documentsOf(one, 'text', { part: { validShare: 0.05, side } }));
    expect(error.message).toMatch(/one document/);
    expect(error.remedy).toMatch(/format lines/);
    const four = put(folder, 'four.txt', 'a\nb\nc\nd');
    const few = documentsOf(four, 'lines', { part: { validShare: 0.001, side } });
    expect((await flashErrorOf(few)).lines().join('\n')).toMatch(
      /share of 0.001 of 4 documents.*\n.*at least 0.25/s,
    );
  },
);
