import { describe, expect, it } from 'vitest';
import { mutatedSources } from './build.ts';
import { mutated, type NativeMutant } from './mutant.ts';
import { NATIVE_MUTANTS } from './mutants/index.ts';
import { recordedCatchers } from './run.ts';
import { SUITES } from './suites.ts';

describe('native mutants', () => {
  it('fit the sources that they change, each in a different place', () => {
    expect(() => mutatedSources(NATIVE_MUTANTS)).not.toThrow();
    expect(new Set(NATIVE_MUTANTS.map(({ id }) => id)).size).toBe(NATIVE_MUTANTS.length);
  });

  it('are each found by a suite that runs them, or have a reason why none can (`npm run mutations` records it)', () => {
    const catchers = recordedCatchers();
    const open = NATIVE_MUTANTS.filter(
      ({ id, equivalent }) => (equivalent === undefined) !== SUITES.includes(catchers[id]?.suite ?? ''),
    );
    expect(open.map(({ id }) => id)).toEqual([]);
    expect(Object.keys(catchers).filter((id) => !NATIVE_MUTANTS.some((mutant) => mutant.id === id))).toEqual(
      [],
    );
  });
});

describe('mutated', () => {
  const mutant = (at: string, wrong: string): NativeMutant => ({
    id: at,
    fault: '',
    file: 'a.inl',
    at,
    wrong,
  });
  const text = 'int f(int x) {\n  x += 1;\n  return x * 2;\n}\n';

  it('chooses between expressions, statements and whole texts by the number of the mutant', () => {
    const mutants = [
      mutant('return «x * 2»', 'x'),
      mutant('«x += 1;»', ''),
      mutant('return «x * 2»', '3'),
      mutant('«int f»', 'int g(MUTANT);\nint f'),
    ];
    expect(mutated('a.inl', text, mutants)).toBe(
      'int g((flashlm_mutant == 4));\nint f(int x) {\n  { if (flashlm_mutant == 2) {  } else { x += 1; } }\n' +
        '  return ((flashlm_mutant == 3) ? 3 : ((flashlm_mutant == 1) ? x : x * 2));\n}\n',
    );
    expect(mutated('b.inl', text, mutants)).toBe(text);
  });

  it('finds code whose lines break elsewhere', () => {
    expect(mutated('a.inl', 'f(\n    a,\n    b);', [mutant('«f(a, b)»', '0')])).toBe(
      '((flashlm_mutant == 1) ? 0 : f(\n    a,\n    b));',
    );
  });

  it('names a mutant whose text is gone, is there twice, or overlaps with another one', () => {
    expect(() => mutated('a.inl', text, [mutant('«y»', '')])).toThrow(
      "mutant «y» is out of date: there is no 'y'",
    );
    expect(() => mutated('a.inl', text, [mutant('«x»', '')])).toThrow("'x' occurs more than once");
    expect(() => mutated('a.inl', text, [mutant('«x * 2»', '1'), mutant('«return x»', '1')])).toThrow(
      /overlap/,
    );
  });
});
