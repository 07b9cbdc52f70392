import { describe, expect, it } from 'vitest';
import { computeName, computeNotice, computeOn, PRECISIONS, type Precision } from '../../src/core/compute.ts';

const backend = (...accelerates: Precision[]) => ({
  name: 'native:here',
  accelerates: new Set<Precision>(['f32', ...accelerates]),
});

describe("a recipe's compute", () => {
  // What is asked for, what a backend is faster in, what runs, and what it lacks.
  it.each<[Precision, Precision[], string, string | null]>([
    ['f32', [], 'f32', null],
    ['f32', ['bf16', 'int8'], 'f32', null],
    ['bf16', ['bf16', 'int8'], 'bf16', null],
    ['bf16', ['bf16'], 'bf16', null],
    ['bf16', ['int8'], 'f32', 'no bf16 instructions'],
    ['int8', ['bf16', 'int8'], 'int8', null],
    ['int8', ['int8'], 'int8 (products f32)', 'no bf16 instructions'],
    ['int8', ['bf16'], 'f32 (products bf16)', 'no int8 dot product instructions'],
    ['int8', [], 'f32', 'no int8 dot product and no bf16 instructions'],
  ])('compute %s on a backend with %j', (wanted, accelerates, name, lacking) => {
    const on = backend(...accelerates);
    expect(computeName(computeOn(on, wanted))).toBe(name);
    expect(computeNotice(on, wanted)).toBe(
      lacking === null ? undefined : `compute: ${wanted} runs as ${name}: native:here has ${lacking}`,
    );
  });

  it('a recipe never computes in a type in which the backend is not faster', () => {
    for (const wanted of PRECISIONS) {
      for (const accelerates of [[], ['bf16'], ['int8'], ['bf16', 'int8']] as Precision[][]) {
        const on = backend(...accelerates);
        for (const one of Object.values(computeOn(on, wanted))) expect(on.accelerates.has(one)).toBe(true);
      }
    }
  });
});
