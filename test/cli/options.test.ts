import { InvalidArgumentError } from 'commander';
import { describe, expect, it } from 'vitest';
import { amount, assignment, duration, numberAtLeast, positive, wholeNumber } from '../../src/cli/options.ts';

describe('option values', () => {
  it('option parsers accept well-formed values', () => {
    expect(wholeNumber(1)('400')).toBe(400);
    expect(numberAtLeast(0)('0')).toBe(0);
    expect(positive()('0.5')).toBe(0.5);
    expect(positive(1)('1')).toBe(1);
    expect(['45s', '1.5m', '2h'].map(duration)).toEqual(['45s', '1.5m', '2h']);
    expect(['5000000', '500k', '5M', '1.5G'].map(amount)).toEqual([5e6, 5e5, 5e6, 1.5e9]);
    expect(assignment('optimizer.lr=0.02')).toBe('optimizer.lr=0.02');
    expect(assignment('sample.prompt=a = b')).toBe('sample.prompt=a = b');
  });

  it.each([
    [
      'wholeNumber',
      wholeNumber(1),
      ['0', '-1', '1.5', '', ' ', 'many', '1e3', '99999999999999999999', '0x10'],
    ],
    ['numberAtLeast', numberAtLeast(0), ['-0.1', '', ' ', 'NaN', 'Infinity', 'half']],
    ['positive', positive(1), ['0', '1.1', '', ' ', '-1', 'NaN']],
    ['duration', duration, ['', '2', 'h', '2 h', '0s', '-1h', '1h30m', '2H', 'soon']],
    ['amount', amount, ['0', '-5', '5m', 'M', '', '1e6', '99999999999G']],
    ['assignment', assignment, ['', '=1', 'lr', 'optimizer.lr=', '.lr=1', 'a..b=1', 'a b=1']],
  ])(
    'the option parser %s rejects malformed values and says what it expected',
    (_, parse: (text: string) => unknown, wrong) => {
      for (const text of wrong) {
        let error: unknown;
        try {
          parse(text);
        } catch (thrown) {
          error = thrown;
        }
        expect(error, `'${text}'`).toBeInstanceOf(InvalidArgumentError);
        expect((error as Error).message).toMatch(/^Expected /);
      }
    },
  );

  it('a count above the largest one is refused with that one, and a seed may be larger', () => {
    expect(wholeNumber(1)('2147483647')).toBe(2 ** 31 - 1);
    expect(() => wholeNumber(1)('2147483648')).toThrow(
      'Expected a whole number of at most 2147483647, such as',
    );
    expect(wholeNumber(0)('2147483648')).toBe(2 ** 31);
  });
});
