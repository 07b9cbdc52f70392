import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Addon, EngineOptions } from '../../src/backends/native/addon.ts';
import { answersOf, MACHINES, type Machine } from './machines.ts';
import { Seam } from './seam/index.ts';

const require = createRequire(import.meta.url);

describe.runIf(process.platform === 'linux' && process.arch === 'x64')('on a simulated CPU', () => {
  let file: string;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'flashlm-machines-'));
    const seam = await Seam.open();
    file = seam.file;
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  afterEach(() => {
    delete process.env.FLASHLM_CPU;
  });

  /** The addon on that machine: a new copy, because an addon reads CPUID only once. */
  function addonOn(machine: Machine): Addon {
    const copy = path.join(mkdtempSync(path.join(folder, 'copy-')), 'flashlm.node');
    copyFileSync(file, copy);
    process.env.FLASHLM_CPU = answersOf(machine);
    return require(copy) as Addon;
  }

  const options = (name: string): EngineOptions => {
    const [isa, ...features] = name.split('+');
    return features.length ? { isa, features } : { isa };
  };

  it.each(MACHINES)('$name runs $best, and a refusal names what the CPU lacks', (machine) => {
    const { Engine, supported } = addonOn(machine);
    const nameOf = (engine: { isa: string; features: readonly string[] }) =>
      [engine.isa, ...engine.features].join('+');
    expect(nameOf(new Engine())).toBe(machine.best);
    expect(nameOf(new Engine(options(machine.best)))).toBe(machine.best);
    const best = supported()
      .filter((isa) => isa.supported)
      .at(-1)!;
    expect(nameOf(best)).toBe(machine.best);
    for (const [name, lacking] of Object.entries(machine.refused)) {
      // A missing instruction set is refused before its extensions.
      const refusal = lacking.startsWith('avx512f ') ? name.split('+')[0] : name;
      expect(() => new Engine(options(name))).toThrow(
        `native:${refusal} is not supported by this CPU (lacks ${lacking}`,
      );
    }
  });
});
