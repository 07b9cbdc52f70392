import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { configDefaults, defineConfig } from 'vitest/config';
import { ALL } from './test/effort.ts';
import { LongestFirst } from './test/longest-first.ts';

export default defineConfig({
  // Plugins and examples import the package by its name; in tests that is the source, not the build.
  resolve: { alias: { flashlm: fileURLToPath(new URL('./src/index.ts', import.meta.url)) } },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/temporary-folder.ts'],
    // By itself vitest leaves one CPU idle; with a worker for each, one that waits for a process or the disk does.
    maxWorkers: availableParallelism() + 1,
    sequence: { sequencer: LongestFirst },
    // Long arrays would be compared property by property.
    setupFiles: ['test/setup.ts'],
    // A file leaves its process as it found it, so the next one goes on with the modules that are loaded.
    isolate: false,
    // Suites that take long or need much memory belong to `npm run test:all`.
    exclude: ALL ? configDefaults.exclude : [...configDefaults.exclude, 'test/**/*.long.test.ts'],
    // Nothing may fail because the machine is busy: these only end what hangs.
    testTimeout: ALL ? 1_200_000 : 300_000,
    hookTimeout: ALL ? 1_200_000 : 300_000,
  },
});
