import { existsSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SmallCheckout } from './small-checkout.ts';

let checkout: SmallCheckout;
beforeAll(() => {
  checkout = new SmallCheckout();
});
afterAll(() => checkout.remove());

const compile = () => checkout.run('scripts/compile.mjs');
const start = () => checkout.run('bin/flashlm.mjs');
const silent = { status: 0, stdout: '', stderr: '' };

describe('npm run compile', () => {
  const files = ['dist/log.js', 'dist/cli/main.js', 'dist/data/sample.txt', 'dist/.built'];

  it('npm run compile makes a dist that the program starts from, and does nothing the second time', () => {
    expect(compile()).toEqual(silent);
    expect(start()).toEqual({ ...silent, stdout: 'dist\n' });
    const before = files.map((file) => checkout.modified(file));
    expect(compile()).toEqual(silent);
    expect(files.map((file) => checkout.modified(file))).toEqual(before);
  });

  it('npm run compile writes only what changed, and removes files whose source is gone', () => {
    const [log, main] = files.map((file) => checkout.modified(file));
    checkout.writeProgram("'edited'");
    rmSync(checkout.path('src/old.ts'));
    expect(compile()).toEqual(silent);
    expect(start()).toEqual({ ...silent, stdout: 'edited\n' });
    expect(checkout.modified('dist/log.js')).toBe(log);
    expect(checkout.modified('dist/cli/main.js')).not.toBe(main);
    expect(existsSync(checkout.path('dist/old.js'))).toBe(false);
  });

  it('npm run compile restores files that were removed from dist or edited there', () => {
    rmSync(checkout.path('dist/log.js'));
    expect(compile()).toEqual(silent);
    expect(existsSync(checkout.path('dist/log.js'))).toBe(true);
    checkout.write('dist/log.js', 'edited by hand');
    expect(compile()).toEqual(silent);
    expect(start()).toEqual({ ...silent, stdout: 'edited\n' });
  });

  it('npm run compile fails with the place of an error in src, and does not change dist', () => {
    const before = checkout.modified('dist/.built');
    checkout.write('src/wrong.ts', "export const wrong: number = 'text';\n");
    const { status, stderr } = compile();
    expect(status).toBe(1);
    expect(stderr).toMatch(/wrong\.ts.*TS2322/);
    expect(checkout.modified('dist/.built')).toBe(before);
    expect(existsSync(checkout.path('dist/wrong.js'))).toBe(false);
  });

  it('npm run compile reports an error again until it is corrected, then compiles what was edited meanwhile', () => {
    checkout.writeProgram("'edited again'");
    expect(compile()).toMatchObject({ status: 1, stderr: expect.stringMatching(/TS2322/) });
    checkout.write('src/wrong.ts', "export const wrong: string = 'text';\n");
    expect(compile()).toEqual(silent);
    expect(start()).toEqual({ ...silent, stdout: 'edited again\n' });
    expect(existsSync(checkout.path('dist/wrong.js'))).toBe(true);
  });
});
