import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Engine } from '../../src/backends/native/addon.ts';
import { createNativeBackend, nativeStatus } from '../../src/backends/native/index.ts';
import { loadAddon } from '../../src/backends/native/load.ts';
import { FlashError } from '../../src/core/errors.ts';
import { type Mat, mat } from '../../src/core/tensor.ts';

const addon = loadAddon().addon!;
const status = nativeStatus();
const best = status.isas.filter((isa) => isa.supported).at(-1)!;

afterEach(() => vi.unstubAllEnvs());

describe('choosing kernels', () => {
  it('createNativeBackend takes the best instruction set that the machine supports, with all its features', () => {
    const backend = createNativeBackend();
    expect(backend.name).toBe(`native:${[best.isa, ...best.features].join('+')}`);
    expect(backend.threads).toBeGreaterThanOrEqual(1);
  });

  it('kernels can be chosen by name, by name and features, and by FLASHLM_ISA and FLASHLM_THREADS', () => {
    expect(createNativeBackend({ isa: 'scalar' }).name).toBe('native:scalar');
    expect(createNativeBackend({ isa: best.isa, features: [] }).name).toBe(`native:${best.isa}`);
    const full = [best.isa, ...best.features].join('+');
    expect(createNativeBackend({ isa: full }).name).toBe(`native:${full}`);
    const backwards = [best.isa, ...[...best.features].reverse()].join('+');
    expect(createNativeBackend({ isa: backwards }).name).toBe(`native:${full}`);
    vi.stubEnv('FLASHLM_ISA', 'scalar');
    vi.stubEnv('FLASHLM_THREADS', '3');
    expect(createNativeBackend()).toMatchObject({ name: 'native:scalar', threads: 3 });
    expect(createNativeBackend({ isa: best.isa, threads: 2 })).toMatchObject({ threads: 2 });
  });

  it('createNativeBackend refuses an instruction set or feature that the build or the CPU lacks', () => {
    const refused = (isa: string, message: RegExp): void => {
      expect(() => createNativeBackend({ isa })).toThrow(FlashError);
      expect(() => createNativeBackend({ isa })).toThrow(message);
    };
    refused('mmx', /^native:mmx is not part of this build \(it has scalar/);
    refused('scalar+vnni', /^native:scalar has no feature 'vnni'/);
    for (const { isa, supported, missing } of status.isas)
      if (!supported)
        refused(isa, new RegExp(`native:${isa} is not supported by this CPU \\(lacks .*${missing[0]}`));
    const [extended, feature] = process.arch === 'arm64' ? ['neon', 'dotprod'] : ['avx512', 'vnni'];
    const known = status.isas.find(({ isa }) => isa === extended);
    if (known?.supported && !known.features.includes(feature!))
      refused(`${extended}+${feature}`, /is not supported by this CPU \(lacks /);
  });

  it('createNativeBackend refuses invalid thread counts', () => {
    for (const threads of [0, -1, 1.5, Number.NaN, 100_000])
      expect(() => createNativeBackend({ threads })).toThrow(/threads is .+, expected 1 to/);
    expect(() => createNativeBackend({ threads: 5000 })).toThrow(
      expect.objectContaining({ remedy: expect.stringContaining('FLASHLM_THREADS'), exitCode: 2 }),
    );
    vi.stubEnv('FLASHLM_THREADS', 'many');
    expect(() => createNativeBackend()).toThrow(/FLASHLM_THREADS is 'many'/);
  });
});

describe('a backend', () => {
  it('a native backend allocates zeroed memory on cache lines', () => {
    const backend = createNativeBackend();
    for (const bytes of [0, 1, 63, 64, 65, 4096]) {
      const memory = backend.allocate(bytes);
      expect(memory).toHaveLength(bytes);
      expect(memory.every((byte) => byte === 0)).toBe(true);
      if (bytes) expect(addon.misalignment(memory)).toBe(0);
    }
  });

  it('an error of a kernel names the tensors that it is about', () => {
    const { kernels } = createNativeBackend();
    const x = mat('f32', 2, 192, 'blocks.3.norm/x');
    const gain = mat('f32', 1, 384, 'blocks.3.norm/gain');
    const norm = () => kernels.rmsNorm(mat('f32', 2, 192, 'y'), mat('f32', 2, 1, 'rstd'), x, gain, 1e-6);
    expect(norm).toThrow(RangeError);
    expect(norm).toThrow(
      "rmsNorm: 'gain' has 384 values, expected 192 (columns of 'x') (x is blocks.3.norm/x, gain is blocks.3.norm/gain)",
    );
  });

  it('kernels work on shared memory', () => {
    const shared = (label: string) => ({ ...x, data: new Float32Array(new SharedArrayBuffer(16)), label });
    const x = mat('f32', 2, 2, 'x');
    const [out, a, b] = [shared('out'), shared('a'), shared('b')] as [Mat, Mat, Mat];
    a.data.fill(1);
    b.data.fill(2);
    createNativeBackend().kernels.add(out, a, b);
    expect([...out.data]).toEqual([3, 3, 3, 3]);
  });

  it('a native backend refuses to run after it is disposed of', () => {
    const backend = createNativeBackend();
    const x = mat('f32', 2, 2, 'x');
    backend.dispose();
    backend.dispose();
    expect(() => backend.kernels.activation(x, null, x, 'silu')).toThrow(/has been disposed of/);
    expect(() => backend.packedTernaryBytes(1, 1)).toThrow(/has been disposed of/);
  });

  it('kernels cannot be called on anything but an engine', () => {
    const add = addon.Engine.prototype.add as (this: unknown, ...values: unknown[]) => unknown;
    const one = [new Float32Array(1), 1, 1];
    for (const receiver of [{}, null, addon, Object.create(addon.Engine.prototype)])
      expect(() => add.call(receiver, ...one, ...one, ...one)).toThrow(TypeError);
    expect(() => (addon.Engine as unknown as () => Engine)()).toThrow();
  });

  it('packedTernaryBytes returns a size, and refuses negative, fractional and huge dimensions', () => {
    const backend = createNativeBackend();
    expect(backend.packedTernaryBytes(384, 192)).toBeGreaterThan(0);
    for (const wrong of [-1, 0.5, Number.NaN, 2 ** 40])
      expect(() => backend.packedTernaryBytes(wrong, 1)).toThrow(/expected two whole numbers/);
  });
});
