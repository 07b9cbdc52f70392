import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Engine } from '../../src/backends/native/addon.ts';
import { createNativeBackend } from '../../src/backends/native/index.ts';
import { loadAddon } from '../../src/backends/native/load.ts';
import { OP_NAMES } from '../../src/core/ops/table.ts';
import { JUNK, TrapError, WRONG_SIZES } from './hostile/junk.ts';
import { detach, GUISES, outOfBounds, SHARED_GUISES, shrunk } from './hostile/memory.ts';
import { type Data, ValidCall } from './valid-call.ts';

const SEED = 20240607;
const addon = loadAddon().addon!;
const backend = createNativeBackend({ isa: 'scalar', threads: 1 });

type Values = readonly unknown[];
/** Made only when it is used: fast-check looks at what it draws, and some of these values bite. */
type Make = () => unknown;
const made = (values: readonly Make[]): Values => values.map((make) => make());
const constants = (...values: Values): fc.Arbitrary<Make> =>
  fc.constantFrom(...values).map((value) => () => value);
const anyJunk: fc.Arbitrary<Make> = fc
  .constantFrom(...Object.keys(JUNK))
  .map((name) => () => JUNK[name]!(() => undefined));
const anything = fc.oneof(
  anyJunk,
  constants(...WRONG_SIZES, 1, 2, 3, 48),
  constants(null, 'scalar', 'fma', 'dot', 'read', 'triad'),
);
const shrinking = (data: Data): Data => shrunk(data);
const anyMemory: fc.Arbitrary<Make> = fc
  .record({
    form: fc.constantFrom(...Object.values({ ...GUISES, ...SHARED_GUISES }), detach, outOfBounds, shrinking),
    length: fc.constantFrom(1, 383, 384, 768, 4096),
  })
  .map(
    ({ form, length }) =>
      () =>
        form(new Float32Array(length)),
  );

/** The call works, or is refused as the caller's error; what the caller's own objects throw comes through. */
function expectSafe(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    expect([TypeError, RangeError, TrapError]).toContain((error as Error).constructor);
    return undefined;
  }
}

function forAny<T>(values: fc.Arbitrary<T>, run: (value: T) => void, numRuns = 500): void {
  fc.assert(fc.property(values, run), { seed: SEED, numRuns });
}

describe('Engine', () => {
  const Engine = addon.Engine as unknown as new (...values: Values) => Engine;
  const anyList = fc.array(anything, { maxLength: 3 }).map((list) => () => made(list));
  const option = fc.oneof(anything, constants(undefined));
  const anyOptions = fc.oneof(
    anything,
    fc
      .record({ isa: option, threads: option, features: fc.oneof(option, anyList) })
      .map(
        (options) => () => Object.fromEntries(Object.entries(options).map(([name, make]) => [name, make()])),
      ),
  );

  it('new Engine works or refuses, whatever it is given', () => {
    forAny(fc.array(anyOptions, { maxLength: 2 }), (values) => {
      const engine = expectSafe(() => new Engine(...made(values))) as Engine | undefined;
      if (!engine) return;
      expect(engine.threads).toBeGreaterThanOrEqual(1);
      expect(() => engine.activation(...new ValidCall('activation', backend).flat())).not.toThrow();
      engine.dispose();
    });
  });

  it('new Engine refuses each invalid option by its name', () => {
    const refused = (options: unknown, message: RegExp): void =>
      expect(() => new Engine(options)).toThrow(message);
    for (const options of [null, 1, 'scalar', true, 1n, Symbol('s')])
      refused(options, /options must be an object/);
    for (const isa of [null, 1, {}, []]) refused({ isa }, /isa must be a string/);
    for (const threads of [null, '2', 2n, {}]) refused({ threads }, /threads must be a number/);
    for (const features of [null, 'vnni', { length: 1 }, 1])
      refused({ features }, /features must be an array/);
    // A list of four thousand million holes must not be walked through.
    for (const features of [[1], [null], [Symbol('s')], Array(2 ** 32 - 1)])
      refused({ isa: 'scalar', features }, /a feature must be a string/);
    expect(() => new Engine({ isa: 'scalar\0' })).toThrow(RangeError);
    expect(() => new Engine({ isa: 'scalar', features: ['no\0ne'] })).toThrow(RangeError);
  });

  it("new Engine rethrows what the caller's own getter throws", () => {
    const mine = new Error('mine');
    const options = {
      get isa(): string {
        throw mine;
      },
    };
    expect(() => new Engine(options)).toThrow(mine);
  });

  it('Engine cannot be called without new, and its methods refuse other receivers', () => {
    const engine = new Engine({ isa: 'scalar' });
    const call = addon.Engine as unknown as (this: unknown, ...values: Values) => unknown;
    expect(() => call()).toThrow(TypeError);
    expect(() => call.call(engine, {})).toThrow(TypeError);
    const receivers = [
      undefined,
      null,
      1,
      'text',
      {},
      [],
      engine.activation,
      addon.Engine,
      Object.create(engine),
    ];
    for (const name of [
      ...OP_NAMES,
      'packedTernaryBytes',
      'rehearse',
      'workingBytes',
      'measureLimit',
      'open',
      'close',
      'discard',
      'dispose',
    ] as const) {
      const method = engine[name] as (...values: Values) => unknown;
      for (const receiver of [...receivers, new Proxy(engine, {})])
        expect(() => Reflect.apply(method, receiver, [])).toThrow(TypeError);
      expect(() => Reflect.construct(method, [])).toThrow();
    }
  });

  it('close ends the deferred region, whatever it is given', () => {
    const list = fc.array(fc.oneof(anyMemory, anything), { maxLength: 3 }).map((each) => () => made(each));
    const transient = fc.oneof(list, anything, constants(Array(2 ** 32 - 1)));
    const seconds = fc.oneof(anything, anyMemory, constants(null, new Float64Array(1), new Float64Array(4)));
    const engine = new Engine({ isa: 'scalar' });
    const call = new ValidCall('activation', backend);
    forAny(fc.tuple(transient, seconds), (values) => {
      engine.open();
      engine.activation(...call.flat());
      engine.activation(...call.flat());
      expectSafe(() => (engine.close as (...values: Values) => void)(...made(values)));
      const [out] = call.values[0] as [Float32Array];
      out.fill(7);
      engine.activation(...call.flat());
      expect(out).not.toContain(7);
    });
  });

  it('open drops the calls that an earlier open has deferred', () => {
    const engine = new Engine({ isa: 'scalar' });
    const call = new ValidCall('activation', backend).flat();
    engine.open();
    for (let i = 0; i < 3; i++) engine.activation(...call);
    engine.open();
    engine.activation(...call);
    const seconds = new Float64Array(4).fill(-1);
    engine.close([], seconds.subarray(0, 1));
    expect([...seconds.subarray(1)]).toEqual([-1, -1, -1]);
  });

  it('discarded calls never run', () => {
    const engine = new Engine({ isa: 'scalar' });
    const call = new ValidCall('activation', backend);
    const [out] = call.values[0] as [Float32Array];
    out.fill(7);
    engine.open();
    engine.activation(...call.flat());
    engine.discard();
    engine.close([], null);
    expect(new Set(out)).toEqual(new Set([7]));
  });

  it('close refuses an array of times that is shorter than its calls, and writes none', () => {
    const engine = new Engine({ isa: 'scalar' });
    const call = new ValidCall('activation', backend).flat();
    engine.open();
    for (let i = 0; i < 3; i++) engine.activation(...call);
    const seconds = new Float64Array(4).fill(-1);
    expect(() => engine.close([], seconds.subarray(0, 2))).toThrow(/there were 3 calls/);
    expect([...seconds]).toEqual([-1, -1, -1, -1]);
  });

  it('an engine that is disposed of while it closes runs nothing', () => {
    const engine = new Engine({ isa: 'scalar' });
    const trap = [new Float32Array(1)];
    Object.defineProperty(trap, 0, {
      get() {
        engine.dispose();
        return new Float32Array(1);
      },
    });
    engine.open();
    engine.activation(...new ValidCall('activation', backend).flat());
    expect(() => engine.close(trap, null)).toThrow(/disposed/);
  });

  it("an engine's isa, features and threads are its own read-only properties", () => {
    const engine = new Engine({ isa: 'scalar', threads: 2 });
    const what = { isa: 'scalar', features: [], threads: 2 };
    expect({ ...engine }).toEqual(what);
    for (const name of Object.keys(what)) {
      expect(Reflect.set(engine, name, 'avx2')).toBe(false);
      expect(Reflect.has(Engine.prototype, name)).toBe(false);
    }
    expect(Object.isFrozen(engine.features)).toBe(true);
  });

  it('Engine works as the base of another class', () => {
    class Own extends Engine {}
    const engine = new Own({ isa: 'scalar' });
    expect(() => engine.activation(...new ValidCall('activation', backend).flat())).not.toThrow();
    const other = Reflect.construct(Engine, [{ isa: 'scalar' }], Array) as Engine;
    const activation = Engine.prototype.activation as (...values: Values) => unknown;
    expect(() => Reflect.apply(activation, other, new ValidCall('activation', backend).flat())).not.toThrow();
  });

  it('an engine refuses everything after it is disposed of, even in the middle of a call', () => {
    for (const op of OP_NAMES) {
      const engine = new Engine({ isa: 'scalar' });
      const call = new ValidCall(op, backend);
      const disposing = JUNK['object with a trap']!(() => engine.dispose());
      const { index } = call.tensors().at(-1)!;
      expect(() => engine[op](...call.with(index, disposing, 1, 1))).toThrow(TypeError);
      expect(() => engine[op](...call.flat())).toThrow(/disposed of/);
      for (const use of [
        () => engine.packedTernaryBytes(1, 1),
        () => engine.rehearse(),
        () => engine.workingBytes(),
        () => engine.measureLimit('fma', 1, new Float32Array(0)),
      ])
        expect(use).toThrow(/disposed of/);
      engine.dispose();
    }
  });
});

describe('packedTernaryBytes', () => {
  const engine = new addon.Engine({ isa: 'scalar' });
  const size = engine.packedTernaryBytes as (...values: Values) => number;

  it('packedTernaryBytes returns a size or refuses, whatever it is given', () => {
    forAny(fc.array(anything, { maxLength: 3 }), (make) => {
      const values = made(make);
      const bytes = expectSafe(() => Reflect.apply(size, engine, values));
      if (bytes === undefined) return;
      const [rows, cols] = values as number[];
      expect(bytes).toBeGreaterThanOrEqual(rows! * cols!);
      expect(Number.isInteger(bytes)).toBe(true);
    });
  });
});

describe('measureLimit', () => {
  const engine = new addon.Engine({ threads: 2 });
  const measure = engine.measureLimit as unknown as (...values: Values) => unknown;

  it('measureLimit measures or refuses, whatever it is given', () => {
    const rounds = WRONG_SIZES.filter((size) => !(size > 9 && size < 2 ** 31));
    const anyRounds = fc.oneof(anyJunk, constants(...rounds, 1, 2));
    const values = fc.tuple(anything, anyRounds, fc.oneof(anyMemory, anything));
    forAny(values, (make) => {
      const sample = expectSafe(() => Reflect.apply(measure, engine, made(make)));
      if (sample) expect(sample).toMatchObject({ work: expect.any(Number), seconds: expect.any(Number) });
    });
  });

  it('measureLimit stays within its memory', () => {
    for (const limit of ['read', 'triad'] as const) {
      for (const length of [768, 769, 1000, 1151, 1152, 4099]) {
        const memory = new Float32Array(new ArrayBuffer(4 * length + 64), 32, length);
        expect(engine.measureLimit(limit, 1, memory).work).toBeGreaterThan(0);
        expect(new Float32Array(memory.buffer, 0, 8)).toEqual(new Float32Array(8));
        expect(new Float32Array(memory.buffer, 32 + 4 * length)).toEqual(new Float32Array(8));
      }
      expect(() => engine.measureLimit(limit, 1, new Float32Array(767))).toThrow(RangeError);
    }
  });
});

describe('the addon', () => {
  it('misalignment returns less than 64 or refuses, whatever it is given', () => {
    const misalignment = addon.misalignment as unknown as (...values: Values) => number;
    forAny(fc.oneof(anyMemory, anything), (value) => {
      const bytes = expectSafe(() => misalignment(value()));
      if (bytes !== undefined) expect(bytes).toBeLessThan(64);
    });
    expect(() => misalignment()).toThrow(TypeError);
  });

  it('supported returns the same after a caller changed the last result', () => {
    const supported = addon.supported as (...values: Values) => unknown[];
    const first = supported(1, null, Symbol('s'));
    const expected = structuredClone(first);
    first.length = 0;
    expect(Reflect.apply(supported, null, [])).toEqual(expected);
  });
});
