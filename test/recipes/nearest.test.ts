import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editDistance, nearest } from '../../src/recipes/nearest.ts';

describe('edit distance', () => {
  it.each([
    ['momentum', 'momentum', 0],
    ['momentun', 'momentum', 1],
    ['momenutm', 'momentum', 1],
    ['mometum', 'momentum', 1],
    ['', 'abc', 3],
    ['kitten', 'sitting', 3],
  ])('the edit distance of %j and %j is %d', (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
  });

  it('the edit distance is a metric: zero only for equal words, symmetric, at most the longer word', () => {
    const word = fc.string({ maxLength: 8, unit: fc.constantFrom('a', 'b', 'c') });
    fc.assert(
      fc.property(word, word, (a, b) => {
        const distance = editDistance(a, b);
        expect(distance === 0).toBe(a === b);
        expect(editDistance(b, a)).toBe(distance);
        expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
        expect(distance).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
      }),
      { seed: 5 },
    );
  });
});

describe('the nearest name', () => {
  const names = ['ternary_linear', 'token_shift', 'silu', 'lr'];
  it.each([
    ['ternarylinear', 'ternary_linear'],
    ['Silu', 'silu'],
    ['lrr', 'lr'],
    ['rl', 'lr'],
    ['token', 'token_shift'],
    ['tern', 'ternary_linear'],
    ['ter', undefined],
    ['attention', undefined],
    ['x'.repeat(10_000), undefined],
  ])('the nearest name: %s', (wrong, right) => {
    expect(nearest(wrong, names)).toBe(right);
  });
});
