import { rmSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SmallCheckout } from './small-checkout.ts';

let checkout: SmallCheckout;
beforeAll(async () => {
  checkout = new SmallCheckout();
  // As if it had been compiled.
  checkout.write('dist/cli/main.js', "console.log('dist');");
  const { sourceState } = await import(pathToFileURL(checkout.path('scripts/dist-state.mjs')).href);
  checkout.write('dist/.built', JSON.stringify({ sources: sourceState() }));
});
afterAll(() => checkout.remove());

const start = () => checkout.run('bin/flashlm.mjs');

describe('the program of a checkout', () => {
  it('a checkout starts from dist, without a message, while dist is up to date', () => {
    expect(start()).toEqual({ status: 0, stdout: 'dist\n', stderr: '' });
  });

  it('a checkout reports native sources that were edited after their kernels were compiled', () => {
    const stamp = `native/build/${process.platform}-${process.arch}/sources.json`;
    checkout.write('native/src/kernel.cpp', '');
    checkout.write(stamp, JSON.stringify({ sources: 'older' }));
    const { stdout, stderr } = start();
    expect(stdout).toBe('dist\n');
    expect(stderr).toMatch(/^native\/ was edited [^\n]*npm run build:native\n$/);
    rmSync(checkout.path(stamp));
  });

  it('a checkout runs src after an edit of src, and says so in one line on standard error', () => {
    checkout.writeProgram("'edited'");
    const { stdout, stderr } = start();
    expect(stdout).toBe('edited\n');
    expect(stderr).toMatch(/^src\/ was edited after it was compiled: [^\n]*npm run compile\n$/);
  });

  it('a checkout runs src if there is no dist', () => {
    rmSync(checkout.path('dist'), { recursive: true });
    expect(start().stdout).toBe('edited\n');
  });
});

describe('the program of an installed package', () => {
  it('an installed package starts from dist without checking its sources', () => {
    checkout.write('dist/cli/main.js', "console.log('dist');");
    rmSync(checkout.path('tsconfig.build.json'));
    rmSync(checkout.path('scripts'), { recursive: true });
    expect(start()).toEqual({ status: 0, stdout: 'dist\n', stderr: '' });
  });
});
