import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatTime } from '../../src/cli/bench-tables.ts';
import {
  formatBits,
  formatCount,
  formatDuration,
  formatLoss,
  formatPercent,
  formatPlural,
  formatPpl,
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
    [86_370, '1d 00h'],
    [180_000, '2d 02h'],
    [1e9, '11,574d 02h'],
    [1e11, '1,157,407d'],
    [-37449833505941864000, '-433,447,147,059,512d'],
    [0.0004, 'under 1 ms'],
    [1e-300, 'under 1 ms'],
    [-72, '-1m 12s'],
    [Number.POSITIVE_INFINITY, '-'],
    [Number.NaN, '-'],
  ])('formatTime writes %d seconds as %s', (seconds, text) => expect(formatDuration(seconds)).toBe(text));

  it.each([
    [812, '812'],
    [65_536, '65.5k'],
    [999_999, '1M'],
    [45_875_200, '45.9M'],
    [2_227_753_162, '2.23G'],
    [-999_999, '-1M'],
    [4.5e12, '4.5T'],
    [1e300, '1.00e300'],
    [Number.NaN, '-'],
  ])('formatShort writes %d as %s', (count, text) => expect(formatShort(count)).toBe(text));

  it.each([
    [8.44, '8.44 tokens/s'],
    [15_234, '15,200 tokens/s'],
    [999_999, '1.00M tokens/s'],
    [1_234_567, '1.23M tokens/s'],
    [0, '0 tokens/s'],
    [4.2e10, '42.00G tokens/s'],
    [1e300, '1.00e300 tokens/s'],
    [Number.NaN, '- tokens/s'],
  ])('formatRate writes %d as %s', (rate, text) => expect(formatRate(rate)).toBe(text));

  it('counts, plurals and small numbers are formatted', () => {
    expect(formatCount(1_082_496)).toBe('1,082,496');
    expect(formatPlural(1, 'thread')).toBe('1 thread');
    expect(formatPlural(2000, 'token')).toBe('2,000 tokens');
    expect([0, 0.01, 0.00123456, 0.0000123].map(formatSmall)).toEqual(['0', '0.01', '0.00123', '1.23e-5']);
  });

  it.each([
    [{ ppl: 72.684, causal: true }, '72.68'],
    [{ ppl: 72.684, causal: false }, '72.68 (not causal)'],
    [{ ppl: 123_456_789_012_345_680, causal: true }, '1.23e17'],
    [{ ppl: null, causal: true }, '> 1e308'],
    [{ ppl: null, causal: false }, '> 1e308 (not causal)'],
  ])('the perplexity of %o is written as %s', (scored, text) => expect(formatPpl(scored, 2)).toBe(text));

  it('bits per character are marked for a model that is not causal, and are a dash without characters', () => {
    expect(formatBits(1.2345, { causal: true }, 3)).toBe('1.234');
    expect(formatBits(1.2345, { causal: false }, 3)).toBe('1.234 (not causal)');
    expect(formatBits(null, { causal: false }, 3)).toBe('-');
  });

  it.each([
    [3.40123, '3.4012'],
    [0.00004, '4.00e-5'],
    [0, '0.0000'],
    [1e300, '1.00e300'],
    [Number.POSITIVE_INFINITY, 'infinite'],
    [Number.NaN, '-'],
  ])('the loss %d is written as %s', (loss, text) => expect(formatLoss(loss)).toBe(text));

  it('every number takes a few characters, and none is written as NaN, Infinity or undefined', () => {
    const extremes = [0, -0, 1e-300, 5e-324, 1e300, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, 1e15];
    // Most doubles are far beyond what anything measures: a third of the numbers is near.
    const measured = fc
      .tuple(fc.integer({ min: -20, max: 25 }), fc.double({ min: -10, max: 10, noNaN: true }))
      .map(([power, value]) => value * 10 ** power);
    const number = fc.oneof(
      fc.double(),
      measured,
      fc.constantFrom(...extremes, ...extremes.map((value) => -value)),
    );
    const formatters: ((value: number) => string)[] = [
      formatCount,
      formatDuration,
      formatLoss,
      formatPercent,
      formatRate,
      formatShort,
      formatSmall,
      formatTime,
      (value) => formatPpl({ ppl: value, causal: true }, 3),
      (value) => formatBits(value, { causal: true }, 4),
    ];
    fc.assert(
      fc.property(number, fc.constantFrom(...formatters), (value, format) => {
        expect(format(value)).toMatch(/^.{1,24}$/);
        expect(format(value)).not.toMatch(/NaN|Infinity|undefined|e\+/);
      }),
      { numRuns: 3000 },
    );
  });

  it('generated control characters are shown, not obeyed', () => {
    expect(printable('a\x1b[2Jb\r\x07\x9b\n\tc\u00e4')).toBe('a\ufffd[2Jb\ufffd\ufffd\ufffd\n\tc\u00e4');
  });

  it('a duration is never shown as sixty seconds or sixty minutes', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e6, noNaN: true }), (seconds) => {
        expect(formatDuration(seconds)).not.toMatch(/\b60\s?[sm]/);
      }),
    );
  });
});

describe('tables', () => {
  it('tables align columns and have no trailing blanks', () => {
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

  const WIDE = [
    { title: 'layer', align: 'left' },
    { title: 'multiply-accumulates', align: 'right' },
    { title: 'note', align: 'left' },
  ] as const;
  const ROWS = [
    ['blocks.10.attention.projection', '196,608', 'absmean and ternary linearised'],
    ['head', '1', ''],
  ];

  it('tables are not cut without a terminal', () => {
    expect(Math.max(...formatTable(WIDE, ROWS).map(({ length }) => length))).toBe(30 + 2 + 20 + 2 + 30);
  });

  it('tables fit any terminal: texts are cut first, then titles of numbers, never a number that has room', () => {
    for (let columns = 1; columns < 100; columns++) {
      const lines = formatTable(WIDE, ROWS, { columns });
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
      if (columns >= 8 + 2 + 7 + 2 + 8) expect(lines[1]).toContain(' 196,608 ');
    }
    expect(formatTable(WIDE, ROWS, { columns: 60 })).toEqual([
      'layer               multiply-accumulates  note',
      'blocks.10…ojection               196,608  absmean a…nearised',
      'head                                   1',
    ]);
  });

  it('long values of pairs wrap below themselves on a terminal, without losing a word', () => {
    const value = 'parameters 11.2 MB, optimiser 4.33 MB, activations 31.1 MB';
    const lines = formatPairs([['memory', value]], { columns: 40 });
    expect(lines).toEqual(['memory  parameters 11.2 MB, optimiser', '        4.33 MB, activations 31.1 MB']);
    expect(formatPairs([['memory', value]])).toEqual([`memory  ${value}`]);
  });

  it('pairs align their values', () => {
    expect(
      formatPairs(
        [
          ['a', '1'],
          ['long', '2'],
        ],
        {},
        '  ',
      ),
    ).toEqual(['  a     1', '  long  2']);
  });
});
