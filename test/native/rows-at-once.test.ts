import { expect, it } from 'vitest';
import { headRowsAtOnce } from '../../src/backends/native/rows-at-once.ts';

it('headRowsAtOnce takes fewer rows the larger the vocabulary, to bound the size of dz', () => {
  expect(headRowsAtOnce(2, 1024)).toBe(1024);
  expect(headRowsAtOnce(96, 1024)).toBe(12_288);
  expect(headRowsAtOnce(96, 10_000)).toBe(1536);
  expect(headRowsAtOnce(96, 128_000)).toBe(256);
});
