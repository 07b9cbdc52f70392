// Builds the addon for tests before they run, as several of them need it: tsx test/native/seam/main.ts
import { buildSeam } from './build.ts';

await buildSeam();
