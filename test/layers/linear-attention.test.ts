import { describe, expect, it } from 'vitest';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import { Random } from '../../src/core/random.ts';
import { type Mat, mat } from '../../src/core/tensor.ts';

// The recurrences of gla and delta against their other form, in which chunks of rows are products of matrices: derived
// separately (Yang et al. 2023 for gla, Yang et al. 2024 for the delta rule), and shares no code with them.

const { kernels } = createReferenceBackend('f64');
const LENGTH = 19;

/** One head's numbers, row by row. */
interface Head {
  readonly q: number[][];
  readonly k: number[][];
  readonly v: number[][];
  readonly beta: number[];
  /** Of each key channel. */
  readonly logDecay: number[][];
}

const random = new Random(5, 'linear attention');
const normals = (count: number): number[] => Array.from({ length: count }, () => random.normal());
const rows = <T>(make: () => T): T[] => Array.from({ length: LENGTH }, make);
const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, x, i) => sum + x * b[i]!, 0);
const sumOf = (count: number, term: (i: number) => number): number =>
  Array.from({ length: count }, (_, i) => term(i)).reduce((a, b) => a + b, 0);

function anyHead(keys: number, values: number, perChannel: boolean): Head {
  const decay = () => -Math.abs(random.normal()) / 2;
  return {
    q: rows(() => normals(keys)),
    k: rows(() => normals(keys)),
    v: rows(() => normals(values)),
    beta: rows(() => random.uniform()),
    logDecay: rows(() => (perChannel ? Array.from({ length: keys }, decay) : Array(keys).fill(decay()))),
  };
}

/** b of each row: the log decays of its chunk added up to it. */
function sums(logDecay: readonly number[][]): number[][] {
  const sum = logDecay[0]!.map(() => 0);
  return logDecay.map((row) => row.map((a, c) => (sum[c]! += a)));
}

/** What chunks of rows give with `read`, which also moves the state S [keys x values] on. */
function byChunks(
  head: Head,
  chunk: number,
  read: (part: Head, state: readonly number[][]) => { out: number[][]; state: number[][] },
): number[][] {
  let state = head.k[0]!.map(() => head.v[0]!.map(() => 0));
  const out: number[][] = [];
  for (let first = 0; first < LENGTH; first += chunk) {
    const cut = <T>(all: readonly T[]): T[] => all.slice(first, first + chunk);
    const { q, k, v, beta, logDecay } = head;
    const part = { q: cut(q), k: cut(k), v: cut(v), beta: cut(beta), logDecay: cut(logDecay) };
    const found = read(part, state);
    out.push(...found.out);
    state = found.state;
  }
  return out;
}

/** `O = (Q e^b) S + tril(A) W` with `A_ij = sum of q_i k_j e^(b_i - b_j)`, and the state after the chunk. */
function readChunk({ q, k, logDecay }: Head, written: readonly number[][], state: readonly number[][]) {
  const b = sums(logDecay);
  const last = b.at(-1)!;
  const keys = last.length;
  const out = q.map((query, i) =>
    written[0]!.map((_, n) => {
      const old = sumOf(keys, (c) => query[c]! * Math.exp(b[i]![c]!) * state[c]![n]!);
      const own = sumOf(i + 1, (j) => {
        const a = sumOf(keys, (c) => query[c]! * k[j]![c]! * Math.exp(b[i]![c]! - b[j]![c]!));
        return a * written[j]![n]!;
      });
      return old + own;
    }),
  );
  const next = state.map((row, c) =>
    row.map(
      (s, n) =>
        Math.exp(last[c]!) * s +
        sumOf(q.length, (j) => k[j]![c]! * Math.exp(last[c]! - b[j]![c]!) * written[j]![n]!),
    ),
  );
  return { out, state: next };
}

const gatedChunks = (head: Head, chunk: number): number[][] =>
  byChunks(head, chunk, (part, state) => {
    const written = part.v.map((v, i) => v.map((x) => part.beta[i]! * x));
    return readChunk(part, written, state);
  });

/** All rows at once, each reading those before it and, by the bonus u, itself. */
function strict({ q, k, v, beta, logDecay }: Head, u: readonly number[]): number[][] {
  const b = sums(logDecay);
  return q.map((query, i) =>
    v[0]!.map((_, n) => {
      const own = sumOf(u.length, (c) => query[c]! * u[c]! * k[i]![c]!) * beta[i]! * v[i]![n]!;
      return (
        own +
        sumOf(i, (j) => {
          const a = sumOf(u.length, (c) => query[c]! * k[j]![c]! * Math.exp(b[i - 1]![c]! - b[j]![c]!));
          return a * beta[j]! * v[j]![n]!;
        })
      );
    }),
  );
}

const EPS = 1e-6;
const normed = (row: readonly number[]): number[] => row.map((x) => x / Math.sqrt(dot(row, row) + EPS));

/** What the delta rule writes solves `(I + L) W = beta (V - (e^b K) S)`, L the part of `beta_i k_i k_j e^(b_i - b_j)` below. */
const deltaChunks = (head: Head, chunk: number): number[][] =>
  byChunks({ ...head, q: head.q.map(normed), k: head.k.map(normed) }, chunk, (part, state) => {
    const { k, v, beta, logDecay } = part;
    const b = sums(logDecay);
    const written: number[][] = [];
    for (const [i, key] of k.entries())
      written.push(
        v[i]!.map((value, n) => {
          const old = sumOf(key.length, (c) => key[c]! * Math.exp(b[i]![c]!) * state[c]![n]!);
          const own = sumOf(i, (j) => {
            const a = sumOf(key.length, (c) => key[c]! * k[j]![c]! * Math.exp(b[i]![c]! - b[j]![c]!));
            return a * written[j]![n]!;
          });
          return beta[i]! * (value - old - own);
        }),
      );
    return readChunk(part, written, state);
  });

/** The columns [q | k | v | beta | log decay] of heads, of which `group` share the queries and keys of the first. */
function columnsOf(heads: readonly Head[], group: number, hasBeta: boolean, decays: number): Mat {
  const keyed = heads.filter((_, h) => h % group === 0);
  const all = Array.from({ length: LENGTH }, (_, t) => [
    ...keyed.flatMap(({ q }) => q[t]!),
    ...keyed.flatMap(({ k }) => k[t]!),
    ...heads.flatMap(({ v }) => v[t]!),
    ...(hasBeta ? heads.map(({ beta }) => beta[t]!) : []),
    ...heads.flatMap(({ logDecay }) => logDecay[t]!.slice(0, decays)),
  ]);
  const x = mat('f64', LENGTH, all[0]!.length, 'x');
  x.data.set(all.flat());
  return x;
}

/** Heads with the queries and keys of the first of their group. */
const grouped = (heads: readonly Head[], group: number): Head[] =>
  heads.map((head, h) => ({ ...head, q: heads[h - (h % group)]!.q, k: heads[h - (h % group)]!.k }));

const SCALE = 0.3;

function expectRows(out: Mat, heads: readonly (readonly number[][])[]): void {
  const expected = Array.from({ length: LENGTH }, (_, t) => heads.flatMap((head) => head[t]!)).flat();
  for (const [i, value] of expected.entries()) expect(out.data[i]).toBeCloseTo(SCALE * value, 11);
}

const SHAPES = [
  { keys: 1, values: 1, count: 1, group: 1 },
  { keys: 4, values: 3, count: 2, group: 1 },
  { keys: 3, values: 5, count: 4, group: 2 },
];

describe.each(SHAPES)('%o', ({ keys, values, count, group }) => {
  const outOf = (): [out: Mat, state: Mat] => [
    mat('f64', LENGTH, count * values, 'out'),
    mat('f64', count * keys, values, 'state'),
  ];
  const headsOf = (perChannel: boolean): Head[] =>
    grouped(
      Array.from({ length: count }, () => anyHead(keys, values, perChannel)),
      group,
    );

  it.each([1, 4, 7, LENGTH])(
    'gla gives what chunks of %i rows give, decay by channel or by head',
    (chunk) => {
      for (const perChannel of [true, false]) {
        const heads = headsOf(perChannel);
        const decays = perChannel ? keys : 1;
        const [out, state] = outOf();
        const x = columnsOf(heads, group, true, decays);
        kernels.gla(out, state, x, null, 0, SCALE, count / group, group, keys, decays, null, LENGTH);
        expectRows(
          out,
          heads.map((head) => gatedChunks(head, chunk)),
        );
      }
    },
  );

  it('gla with a bonus reads the rows before, and its own by the bonus', () => {
    const heads = headsOf(true);
    const bonus = mat('f64', 1, count * keys, 'bonus');
    bonus.data.set(normals(count * keys));
    const [out, state] = outOf();
    const x = columnsOf(heads, group, true, keys);
    kernels.gla(out, state, x, bonus, 0, SCALE, count / group, group, keys, keys, null, LENGTH);
    expectRows(
      out,
      heads.map((head, h) => strict(head, [...bonus.data.subarray(h * keys, (h + 1) * keys)])),
    );
  });

  it('gla with the decays of RetNet gives what those decays give as columns', () => {
    const heads = headsOf(false).map((head, h) => {
      const fixed = Math.log(1 - 2 ** (-5 - h));
      return { ...head, beta: rows(() => 1), logDecay: rows((): number[] => Array(keys).fill(fixed)) };
    });
    const [out, state] = outOf();
    const x = columnsOf(heads, group, false, 0);
    kernels.gla(out, state, x, null, 2 ** -5, SCALE, count / group, group, keys, 0, null, LENGTH);
    expectRows(
      out,
      heads.map((head) => gatedChunks(head, 5)),
    );
  });

  it.each([1, 4, 7, LENGTH])(
    'delta gives what chunks of %i rows give, decay by head or by channel',
    (chunk) => {
      for (const perChannel of [false, true]) {
        const heads = headsOf(perChannel);
        const [out, state] = outOf();
        const x = columnsOf(heads, group, true, perChannel ? keys : 1);
        kernels.delta(out, state, x, SCALE, EPS, count / group, group, keys, null, LENGTH);
        expectRows(
          out,
          heads.map((head) => deltaChunks(head, chunk)),
        );
      }
    },
  );
});
