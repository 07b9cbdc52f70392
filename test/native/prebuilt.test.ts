import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

// Plain JavaScript without types, like all scripts that an installation runs.
const script = new URL('../../native/prebuilt.mjs', import.meta.url).href;
const { MANIFEST, prebuildProblem, sha256, sourcesHash } = await import(script);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'flashlm-prebuilt-'));
});
afterEach(() => rm(folder, { recursive: true }));

const addon = () => path.join(folder, 'flashlm.node');
async function make(sources: string): Promise<void> {
  await writeFile(addon(), 'the addon');
  const files = { 'flashlm.node': sha256('the addon') };
  await writeFile(path.join(folder, MANIFEST), JSON.stringify({ sources, files }));
}

describe('prebuilt addons', () => {
  it('a prebuilt addon is accepted only when it was made from these sources and is complete', async () => {
    expect(await prebuildProblem(folder)).toBe('missing');
    await make(await sourcesHash());
    expect(await prebuildProblem(folder)).toBeUndefined();
    await writeFile(addon(), 'the addoff');
    expect(await prebuildProblem(folder)).toBe('flashlm.node is damaged');
    await rm(addon());
    expect(await prebuildProblem(folder)).toBe('flashlm.node is missing');
    await make(sha256('a kernel before it was changed'));
    expect(await prebuildProblem(folder)).toBe('built from other sources');
  });
});
