import { describe, expect, it } from 'vitest';
import { isFormula, parseFormula, substitute } from '../../src/recipes/formula.ts';

const VALUES = new Map([
  ['d', 192],
  ['index', 2],
  ['times', 5],
  ['x', 10],
]);
const value = (text: string): number => parseFormula(text).value(VALUES);

describe('a formula', () => {
  it.each([
    ['$d', 192],
    ['2*$d', 384],
    ['$d*3/2', 288],
    ['$d - 2 - 1', 189],
    ['8/4/2', 1],
    ['2+3*4', 14],
    ['(2+3)*4', 20],
    ['-$index + 5', 3],
    ['2--1', 3],
    ['2x', 20],
    ['0.5x', 5],
    ['.5x+$d', 197],
    ['1/2x', 0.05],
    ['1e-3*$d', 0.192],
    ['0.9*$index/($times-1)', 0.45],
  ])('a formula computes %s', (text, expected) => {
    expect(isFormula(text)).toBe(true);
    expect(value(text)).toBeCloseTo(expected, 14);
  });

  it('a formula gives whole numbers despite rounding errors, and keeps small numbers', () => {
    expect(0.1 * 3).not.toBe(0.3);
    expect(value('0.1*3*10')).toBe(3);
    expect(value('1.1x')).toBe(11);
    expect(value('1/3')).toBe(1 / 3);
    expect(value('1/1e20')).toBe(1e-20);
  });

  it.each([
    ['2*', 'ends too early'],
    ['2*$', "has '$' without a name after it"],
    ['(2', "lacks a ')'"],
    ['2)', "has ')' after its end"],
    ['$d $d', "has '$d' after its end"],
    ['2*d', "has 'd' where a number or a name is expected"],
    ['$d^2', "has '^' after its end"],
    ['$d/($times-5)', 'divides by 0'],
    [`$d${'+1'.repeat(100)}`, 'has more than 200 characters'],
  ])('a formula reports what is wrong with %s', (text, message) => {
    expect(() => value(text)).toThrow(message);
  });

  it('a text that is not meant as a formula is not read as one', () => {
    expect(['auto', 'fast', '2h', 'fan_in', 'v61', ''].filter(isFormula)).toEqual([]);
  });

  it('a formula keeps its meaning when values replace names', () => {
    const put = (text: string, given: string | number) => substitute(text, new Map([['n', given]]));
    expect(put('2*$n', 3)).toBe('2*3');
    expect(put('2*$n', '1+2')).toBe('2*(1+2)');
    expect(put('2*$n', '2x')).toBe('2*2x');
    expect(put('2-$n', -1)).toBe('2-(-1)');
    expect(put('$nn+$n', '$n')).toBe('$nn+$n');
  });
});
