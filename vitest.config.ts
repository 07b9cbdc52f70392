import { fileURLToPath } from 'node:url';
import { configDefaults, defineConfig } from 'vitest/config';

/** Suites that take long or need much memory: `npm run test:long` runs these and nothing else. */
const LONG = 'test/**/*.long.test.ts';
const long = process.env.FLASHLM_TEST_LONG === '1';

export default defineConfig({
  // Plugins and examples import the package by its name; in tests that is the source, not the build.
  resolve: { alias: { flashlm: fileURLToPath(new URL('./src/index.ts', import.meta.url)) } },
  test: {
    include: [long ? LONG : 'test/**/*.test.ts'],
    exclude: long ? configDefaults.exclude : [...configDefaults.exclude, LONG],
    testTimeout: long ? 600_000 : 60_000,
    hookTimeout: long ? 600_000 : 120_000,
  },
});
