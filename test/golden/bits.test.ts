import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createNativeBackend, nativeStatus } from '../../src/backends/native/index.ts';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import type { Backend } from '../../src/core/backend.ts';
import { type Bits, bitsOf, RECIPES } from './bits.ts';

// The numbers of these recipes are published: a change of their bits is a change of what the project has measured.
// FLASHLM_WRITE_BITS=1 adds what a new instruction set gives; an entry that is there must be deleted by hand first.

const FILE = new URL('bits.json', import.meta.url);
const golden = JSON.parse(readFileSync(FILE, 'utf8')) as Record<string, Bits>;
const adds = process.env.FLASHLM_WRITE_BITS === '1';

const native = nativeStatus().isas.flatMap(({ isa, supported }) => (supported ? [isa] : []));
const backends: [string, readonly string[], () => Backend][] = [
  ['reference', ['v61-debug', 'shift'], () => createReferenceBackend('f32')],
  ...native.map((isa): [string, readonly string[], () => Backend] => [
    `native:${isa}`,
    RECIPES,
    () => createNativeBackend({ isa, threads: 2 }),
  ]),
];

describe.each(backends)('%s', (name, recipes, create) => {
  it.for(recipes)('the first steps of %s compute the recorded bits', async (recipe, { skip }) => {
    const key = `${recipe} on ${name}`;
    skip(!golden[key] && !adds, `nobody has written down the bits of ${key} yet`);
    const backend = create();
    const bits = await bitsOf(recipe, backend);
    backend.dispose();
    if (!golden[key]) {
      golden[key] = bits;
      writeFileSync(FILE, `${JSON.stringify(golden, null, 2)}\n`);
    }
    expect(bits).toEqual(golden[key]);
  });
});
