import fc from 'fast-check';

/** Stands for lists inside each other, far more than any call stack holds; JSON.stringify could not write them. */
const DEEP = '@deep@';
const DEPTH = 50_000;

/** Values that nobody expects. */
export const oddValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    false,
    0,
    -1,
    0.5,
    1e308,
    1e15,
    2 ** 31,
    2 ** 32,
    2 ** 53,
    -(2 ** 53),
    DEEP,
    '',
    ' ',
    '__proto__',
    'constructor',
    '\ud800',
    '\udfff x',
    '\0',
    '\u001b[2J',
    'a b',
    'a'.repeat(5000),
  ),
  fc
    .constantFrom<() => unknown>(
      () => [],
      () => ({}),
      () => [[]],
      () => [null],
      () => ({ length: 1e9 }),
      () => JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}'),
    )
    .map((make) => make()),
  fc.double(),
  fc.integer({ min: -3, max: 300 }),
  fc.string({ maxLength: 6, unit: 'binary' }),
);

type Container = Record<string, unknown>;
/** Where a value stands. */
type Spot = readonly [container: Container, key: string];

const JSON_EDITS = {
  replace: (spot: Spot, value: unknown) => set(spot, value),
  remove: ([container, key]: Spot) => {
    if (Array.isArray(container)) container.splice(Number(key), 1);
    else delete container[key];
  },
  double: ([container, key]: Spot) => {
    if (Array.isArray(container)) container.splice(Number(key), 0, container[key]);
    else set([container, `${key}2`], container[key]);
  },
  move: (spot: Spot, _: unknown, [container, key]: Spot) => set(spot, structuredClone(container[key])),
  rename: ([container, key]: Spot, value: unknown) => {
    const old = container[key];
    if (Array.isArray(container)) return;
    delete container[key];
    set([container, String(value).slice(0, 100)], old);
  },
};

/** JSON texts made of `bases` with a few values replaced, removed, doubled, moved or renamed. */
export function mutatedJson(bases: readonly unknown[]): fc.Arbitrary<string> {
  const texts = bases.map((base) => JSON.stringify(base));
  const edit = fc.record({
    // The first places are the outermost.
    at: fc.oneof(fc.nat(40), fc.nat()),
    from: fc.nat(),
    kind: fc.constantFrom(...(Object.keys(JSON_EDITS) as (keyof typeof JSON_EDITS)[])),
    value: oddValue,
  });
  return fc
    .tuple(fc.constantFrom(...texts), fc.array(edit, { minLength: 1, maxLength: 4 }))
    .map(([text, edits]) => {
      const root = { value: JSON.parse(text) as unknown };
      for (const { at, from, kind, value } of edits) {
        const spots = spotsIn(root);
        if (spots.length === 0) break;
        JSON_EDITS[kind](spots[at % spots.length]!, value, spots[from % spots.length]!);
      }
      const json = JSON.stringify(root.value) ?? '';
      return json.replaceAll(`"${DEEP}"`, () => '['.repeat(DEPTH) + ']'.repeat(DEPTH));
    });
}

/** An assignment would take `__proto__` for something else than a key. */
function set([container, key]: Spot, value: unknown): void {
  Object.defineProperty(container, key, { value, enumerable: true, writable: true, configurable: true });
}

/** Every place a value stands in, level by level. */
function spotsIn(root: Container): Spot[] {
  const spots: Spot[] = [];
  const open: Container[] = [root];
  for (let container = open.shift(); container; container = open.shift()) {
    for (const key of Object.keys(container)) {
      spots.push([container, key]);
      const inner = container[key];
      if (typeof inner === 'object' && inner !== null) open.push(inner as Container);
    }
  }
  return spots;
}
