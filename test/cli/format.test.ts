import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatCount,
  formatDuration,
  formatPlural,
  formatRate,
  formatShort,
  formatSmall,
  printable,
} from '../../src/cli/format.ts';
import { formatPairs, formatTable } from '../../src/cli/table.ts';

describe('numbers with units', () => {
  it.each([
    [0, '0 s'],
    [0.0421, '0.042 s'],
    [9.94, '9.9 s'],
    [9.96, '10 s'],
    [59.4, '59 s'],
    [59.6, '1m 00s'],
    [72, '1m 12s'],
    [3599.6, '1h 00m'],
    [7380, '2h 03m'],
  ])('writes %d seconds as %s', (seconds, text) => expect(formatDuration(seconds)).toBe(text));

  it.each([
    [812, '812'],
    [65_536, '65.5k'],
    [999_999, '1M'],
    [45_875_200, '45.9M'],
    [2_227_753_162, '2.23G'],
  ])('writes %d shortly as %s', (count, text) => expect(formatShort(count)).toBe(text));

  it.each([
    [8.44, '8.44 tokens/s'],
    [15_234, '15,200 tokens/s'],
    [999_999, '1.00M tokens/s'],
    [1_234_567, '1.23M tokens/s'],
  ])('writes the rate %d as %s', (rate, text) => expect(formatRate(rate)).toBe(text));

  it('writes counts, plurals and small numbers', () => {
    expect(formatCount(1_082_496)).toBe('1,082,496');
    expect(formatPlural(1, 'thread')).toBe('1 thread');
    expect(formatPlural(2000, 'token')).toBe('2,000 tokens');
    expect([0, 0.01, 0.00123456, 0.0000123].map(formatSmall)).toEqual(['0', '0.01', '0.00123', '1.23e-5']);
  });

  it('shows generated control characters instead of obeying them', () => {
    expect(printable('a\x1b[2Jb\r\x07\x9b\n\tc\u00e4')).toBe('a\ufffd[2Jb\ufffd\ufffd\ufffd\n\tc\u00e4');
  });

  it('never shows sixty seconds or sixty minutes', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e6, noNaN: true }), (seconds) => {
        expect(formatDuration(seconds)).not.toMatch(/\b60\s?[sm]/);
      }),
    );
  });
});

describe('tables', () => {
  it('puts columns below each other and nothing behind the last one', () => {
    const columns = [
      { title: 'layer', align: 'left' },
      { title: 'parameters', align: 'right' },
      { title: 'note', align: 'left' },
    ] as const;
    expect(
      formatTable(columns, [
        ['up', '73,728', ''],
        ['embedding', '196,608', 'tied'],
      ]),
    ).toEqual(['layer      parameters  note', 'up             73,728', 'embedding     196,608  tied']);
  });

  it('aligns the values of pairs', () => {
    expect(
      formatPairs(
        [
          ['a', '1'],
          ['long', '2'],
        ],
        '  ',
      ),
    ).toEqual(['  a     1', '  long  2']);
  });
});
