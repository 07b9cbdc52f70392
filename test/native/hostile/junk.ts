/** What a value may do while it is looked at. */
export type Trap = () => void;

/** Thrown by the caller's own objects when they are looked at. */
export class TrapError extends Error {}

const throwing = (): never => {
  throw new TrapError('a trap of the caller');
};

/** An object whose class can't be named without running `trap`. */
const trapped = (trap: Trap): object => ({
  get constructor() {
    trap();
    return Object;
  },
  valueOf: () => {
    trap();
    return 1;
  },
  toString: () => {
    trap();
    return 'ternary';
  },
  [Symbol.toPrimitive]: () => {
    trap();
    return 1;
  },
});

/** Every property and every operation on it runs `trap`. */
const proxied = (trap: Trap): object =>
  new Proxy(
    {},
    new Proxy({} as ProxyHandler<object>, {
      get: (_, operation) => (operation === 'getPrototypeOf' ? undefined : () => trap()),
    }),
  );

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

const named = (name: unknown): object => {
  const type = () => undefined;
  Object.defineProperty(type, 'name', { value: name });
  return { constructor: type };
};

/** Values that are nothing a kernel takes: neither an array of numbers nor a number nor the name of a rule. */
export const JUNK: Readonly<Record<string, (trap: Trap) => unknown>> = {
  undefined: () => undefined,
  true: () => true,
  bigint: () => 2n ** 70n,
  'empty text': () => '',
  'number as text': () => '3',
  'long text': () => 'ternary'.repeat(10_000),
  'text with NUL': () => 'int8\0',
  'half a character': () => 'ternary\ud800',
  symbol: () => Symbol('s'),
  array: () => [1, 2, 3],
  object: () => ({}),
  'object without prototype': () => Object.create(null),
  function: () => throwing,
  date: () => new Date(Number.NaN),
  'boxed number': () => Object(3),
  'boxed text': () => Object('ternary'),
  ArrayBuffer: () => new ArrayBuffer(64),
  SharedArrayBuffer: () => new SharedArrayBuffer(64),
  DataView: () => new DataView(new ArrayBuffer(64)),
  'prototype of arrays': () => Float32Array.prototype,
  'object with a trap': trapped,
  'proxy with traps': proxied,
  'object that throws': () => trapped(throwing),
  'proxy that throws': () => proxied(throwing),
  'revoked proxy': revoked,
  'class named by a symbol': () => named(Symbol('name')),
  'class named by an object': () => named(trapped(throwing)),
  'class without a name': () => named(''),
};

/** No number of rows or columns of anything that has values. */
export const WRONG_SIZES: readonly number[] = [
  -1,
  0.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  Number.MIN_VALUE,
  -0,
  0,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32,
  2 ** 32 + 1,
  2 ** 53,
  2 ** 63,
  2 ** 64,
  Number.MAX_VALUE,
];

/** Floats that arithmetic does not expect. */
export const ODD_FLOATS: readonly number[] = [
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  -0,
  1e-45,
  -1e-40,
  3.4e38,
  -3.4e38,
  2 ** 31,
  -(2 ** 31),
  1,
];
