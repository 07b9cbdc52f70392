import { describe, expect, it } from 'vitest';
import { Random } from '../../src/core/random.ts';
import { Sampler, type SamplingOptions } from '../../src/train/sampling.ts';

const LOGITS = [1, 3, 2, 0, -5].map((p) => p * Math.LN2); // weights 2, 8, 4, 1, 1/32
const DRAWS = 20_000;

function frequencies(options: SamplingOptions, banned: readonly number[] = []): number[] {
  const sampler = new Sampler(LOGITS.length, options, new Random(1), new Set(banned));
  const counts = LOGITS.map(() => 0);
  for (let i = 0; i < DRAWS; i++) counts[sampler.sample(LOGITS)]!++;
  return counts.map((c) => c / DRAWS);
}

const shares = (...weights: number[]): unknown[] => {
  const total = weights.reduce((a, b) => a + b);
  return weights.map((w) => (w === 0 ? 0 : expect.closeTo(w / total, 1)));
};

describe('Sampler', () => {
  it('Sampler takes the likeliest token at temperature 0', () => {
    expect(frequencies({ temperature: 0 })).toEqual([0, 1, 0, 0, 0]);
    expect(frequencies({ temperature: 0 }, [1])).toEqual([0, 0, 1, 0, 0]);
  });

  it('Sampler draws in proportion to the probabilities, sharper at lower temperatures', () => {
    expect(frequencies({ temperature: 1 })).toEqual(shares(2, 8, 4, 1, 1 / 32));
    expect(frequencies({ temperature: 0.5 })).toEqual(shares(4, 64, 16, 1, 1 / 1024));
  });

  it('Sampler with top-k draws from the k likeliest tokens', () => {
    expect(frequencies({ temperature: 1, topK: 2 })).toEqual(shares(0, 8, 4, 0, 0));
    expect(frequencies({ temperature: 1, topK: 99 })).toEqual(shares(2, 8, 4, 1, 1 / 32));
  });

  it('Sampler with top-p draws from the likeliest tokens that reach p together', () => {
    expect(frequencies({ temperature: 1, topP: 0.5 })).toEqual([0, 1, 0, 0, 0]);
    expect(frequencies({ temperature: 1, topP: 0.6 })).toEqual(shares(0, 8, 4, 0, 0));
    expect(frequencies({ temperature: 1, topP: 1 })).toEqual(shares(2, 8, 4, 1, 1 / 32));
  });

  it('Sampler with top-p keeps exactly the tokens that reach p', () => {
    const draw = (topP: number): number => {
      const seen = new Set<number>();
      const sampler = new Sampler(4, { temperature: 1, topP }, new Random(2), new Set());
      for (let i = 0; i < 200; i++) seen.add(sampler.sample([7, 7, 7, 7]));
      return seen.size;
    };
    // Each of four has exactly a quarter.
    expect([0.25, 0.26, 0.5, 0.51, 0.75, 1].map(draw)).toEqual([1, 2, 2, 3, 3, 4]);
  });

  it('Sampler with min-p draws from tokens with that share of the likeliest probability', () => {
    expect(frequencies({ temperature: 1, minP: 0.3 })).toEqual(shares(0, 8, 4, 0, 0));
    // A quarter exactly is enough.
    expect(frequencies({ temperature: 1, minP: 0.25 })).toEqual(shares(2, 8, 4, 0, 0));
    expect(frequencies({ temperature: 1, minP: 1 })).toEqual([0, 1, 0, 0, 0]);
    expect(frequencies({ temperature: 1, minP: 0 })).toEqual(frequencies({ temperature: 1 }));
    // After the temperature, as top-p; the stricter of both holds.
    expect(frequencies({ temperature: 0.5, minP: 0.2 })).toEqual(shares(0, 64, 16, 0, 0));
    expect(frequencies({ temperature: 1, minP: 0.3, topP: 0.5 })).toEqual([0, 1, 0, 0, 0]);
    expect(frequencies({ temperature: 1, minP: 0.1, topK: 2 })).toEqual(shares(0, 8, 4, 0, 0));
  });

  it('Sampler with a repetition penalty makes tokens of the text less likely, and leaves the logits as they are', () => {
    const draw = (options: SamplingOptions, logits: readonly number[], seen: readonly number[]) => {
      const given = Float64Array.from(logits);
      const sampler = new Sampler(logits.length, options, new Random(1), new Set());
      const counts = logits.map(() => 0);
      for (let i = 0; i < DRAWS; i++) counts[sampler.sample(given, undefined, new Set(seen))]!++;
      expect([...given]).toEqual(logits);
      return counts.map((c) => c / DRAWS);
    };
    const options = { temperature: 1, repetitionPenalty: 2 };
    // The logits ln 16 and -ln 2 become ln 4 and -2 ln 2.
    const logits = [4, 4, -1, 0].map((p) => p * Math.LN2);
    expect(draw(options, logits, [1, 2])).toEqual(shares(16, 4, 1 / 4, 1));
    expect(draw({ ...options, repetitionPenalty: 1 }, logits, [1, 2])).toEqual(shares(16, 16, 1 / 2, 1));
    expect(draw(options, logits, [])).toEqual(shares(16, 16, 1 / 2, 1));
    expect(draw({ ...options, temperature: 0 }, [3, 2.9, 0], [0])).toEqual([0, 1, 0]);
  });

  it('Sampler never draws a banned token', () => {
    expect(frequencies({ temperature: 1 }, [1, 3])).toEqual(shares(2, 0, 4, 0, 1 / 32));
  });

  it('Sampler draws what a full sort would draw', () => {
    const random = new Random(5);
    const bySorting = (
      logits: readonly number[],
      { temperature, topK, topP, minP }: SamplingOptions,
      u: number,
    ) => {
      const order = [...logits.keys()].sort((a, b) => logits[b]! - logits[a]! || a - b);
      const weights = order
        .slice(0, topK)
        .map((v) => Math.exp((logits[v]! - logits[order[0]!]!) / temperature));
      const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
      const reach = (mass: number) => weights.findIndex((_, i) => sum(weights.slice(0, i + 1)) >= mass);
      const above = minP ? weights.filter((weight) => weight >= minP).length : weights.length;
      if (topP) weights.length = reach(topP * sum(weights)) + 1;
      weights.length = Math.min(weights.length, above);
      return order[reach(u * sum(weights))]!;
    };
    for (let run = 0; run < 600; run++) {
      // Few values, so that many are equal.
      const logits = Array.from({ length: 1 + (run % 40) }, () => Math.round(4 * random.normal()));
      const options = {
        temperature: 0.3 + random.uniform(),
        topK: run % 3 === 0 ? undefined : 1 + (run % 7),
        topP: run % 2 === 0 ? undefined : 0.05 + 0.9 * random.uniform(),
        minP: run % 5 < 3 ? undefined : random.uniform() ** 2,
      };
      const u = random.uniform();
      const fixed = { uniform: () => u } as Random;
      const drawn = new Sampler(logits.length, options, fixed, new Set()).sample(logits);
      expect(drawn, JSON.stringify({ logits, options, u })).toBe(bySorting(logits, options, u));
    }
  });

  it('Sampler draws the same from the same seed', () => {
    const draw = (seed: number): number[] => {
      const sampler = new Sampler(5, { temperature: 1 }, new Random(seed), new Set());
      return Array.from({ length: 30 }, () => sampler.sample(LOGITS));
    };
    expect(draw(3)).toEqual(draw(3));
    expect(draw(3)).not.toEqual(draw(4));
  });
});
