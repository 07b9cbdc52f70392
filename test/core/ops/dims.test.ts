import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Dim,
  type Dims,
  hasSymbol,
  isSize,
  parseEquation,
  planSteps,
  type Relation,
  relationsOf,
  sizeOf,
  solve,
  stepValue,
  symbolsIn,
  termsOf,
} from '../../../src/core/ops/dims.ts';

const SYMBOLS = ['M', 'S', 'T', 'D'] as const;

/** A sum of one to three terms, each a number times at most two different symbols. */
const anyDim = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.subarray([...SYMBOLS], { maxLength: 2 })), {
    minLength: 1,
    maxLength: 3,
  })
  .map((terms) => ({
    dim: terms.map(([factor, symbols]) => [factor, ...symbols].join('*')).join('+'),
    terms: terms.map(([factor, symbols]) => ({ factor, symbols })),
  }));
const anySizes = fc.record(
  Object.fromEntries(SYMBOLS.map((symbol) => [symbol, fc.integer({ min: 1, max: 50 })])),
);

describe('a dimension', () => {
  it('a dimension is parsed into its terms', () => {
    fc.assert(
      fc.property(anyDim, ({ dim, terms }) => {
        expect(termsOf(dim)).toEqual(terms);
      }),
    );
  });

  it.each([
    ['a number', 3, 3],
    ['a symbol', 'M', 6],
    ['a symbol and a number', 'M+1', 7],
    ['a multiple', '2*D', 10],
    ['a product', 'S*T', 6],
    ['a sum of products', 'S*T + 2*S*D + 4', 30],
  ] as const)('a dimension of %s has its value', (_, dim, value) => {
    expect(sizeOf(dim, { M: 6, D: 5, S: 2, T: 3 })).toBe(value);
  });

  it('a dimension lists each of its symbols once', () => {
    expect(symbolsIn('S*T+2*S+1')).toEqual(['S', 'T']);
    expect(symbolsIn(4)).toEqual([]);
    expect(hasSymbol('S*T', 'T')).toBe(true);
    expect(hasSymbol('Tall', 'T')).toBe(false);
  });

  it('a dimension has no value if a symbol is missing', () => {
    expect(sizeOf('S*T', { S: 2 })).toBeNaN();
  });

  it.each(['', 'm', 'M-1', 'M+', '2M', '*M'])('"%s" is not a valid dimension', (text) => {
    expect(() => termsOf(text)).toThrow(/is neither a symbol nor a number/);
  });
});

describe('an equation', () => {
  it('an equation is a symbol and the dimension that it equals', () => {
    expect(parseEquation('M = S*T')).toEqual({ symbol: 'M', dim: 'S*T' });
  });

  it.each(['M', 'S*T = M', 'M = S = T', '= M', 'M ='])('"%s" is not a valid equation', (text) => {
    expect(() => parseEquation(text)).toThrow(/is not|is neither/);
  });
});

describe('solving', () => {
  it('solving finds every symbol of a dimension from its value and the others', () => {
    fc.assert(
      fc.property(anyDim, anySizes, ({ dim }, dims) => {
        for (const symbol of symbolsIn(dim))
          expect(solve(symbol, dim, sizeOf(dim, dims), dims)).toBe(dims[symbol]);
      }),
    );
  });

  it('solving gives no size where none fits', () => {
    expect(isSize(solve('S', 'S*T', 10, { T: 4 }))).toBe(false);
    expect(isSize(solve('R', 'A+D+R', 6, { A: 5, D: 3 }))).toBe(false);
    expect(isSize(solve('P', 'S*P', 6, { S: 0 }))).toBe(false);
    expect(isSize(solve('S', 'S*T', 4, {}))).toBe(false);
  });

  it('solving gives 0 where any size fits', () => {
    expect(solve('P', 'S*P', 0, { S: 0 })).toBe(0);
  });
});

describe('a plan of steps', () => {
  const read = (dim: Dim, source: string): Relation<string> => ({ dim, from: { source } });
  const run = (relations: readonly Relation<string>[], shapes: Dims): Dims => {
    const dims: Record<string, number> = {};
    for (const step of planSteps(relations)) dims[step.symbol] = stepValue(step, (s) => shapes[s]!, dims);
    return dims;
  };
  const equation = relationsOf(parseEquation('M = S*T'));

  it('a plan substitutes sizes found in earlier steps, whatever the order of the relations', () => {
    const relations = [
      read('S*P', 'state'),
      ...equation,
      read('P+1', 'weights'),
      read('M', 'x'),
      read('T', 'seqLen'),
    ];
    const shapes = { state: 8, weights: 5, x: 6, seqLen: 3 };
    fc.assert(
      fc.property(fc.shuffledSubarray(relations, { minLength: relations.length }), (shuffled) => {
        expect(run(shuffled, shapes)).toEqual({ M: 6, T: 3, S: 2, P: 4 });
      }),
    );
  });

  it('a plan prefers earlier relations', () => {
    const [first] = planSteps([read('M', 'x'), read('M', 'y')]);
    expect(first).toEqual({ symbol: 'M', dim: 'M', from: { source: 'x' } });
  });

  it('a plan uses an equation in both directions', () => {
    expect(run([read('S', 's'), read('T', 't'), ...equation], { s: 2, t: 3 })).toEqual({ S: 2, T: 3, M: 6 });
    expect(run([read('M', 'm'), read('S', 's'), ...equation], { m: 6, s: 2 })).toEqual({ M: 6, S: 2, T: 3 });
  });

  it('a plan leaves out symbols that nothing determines', () => {
    expect(planSteps([read('S*P', 'state')])).toEqual([]);
  });
});
