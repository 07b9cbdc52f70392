// Checks that the prebuilt addons exist and were built from these sources: node scripts/check-prebuilds.mjs [--warn]
//
// A missing addon is an error when publishing: users whose npm blocks installation scripts have no other way to get
// the kernels. `npm pack` for local use passes --warn.
import process from 'node:process';
import { PREBUILT_ARCHS, prebuildFolder, prebuildProblem } from '../native/prebuilt.mjs';

const problems = [];
for (const arch of PREBUILT_ARCHS) {
  const problem = await prebuildProblem(prebuildFolder('linux', arch));
  if (problem) problems.push(`linux-${arch} (${problem})`);
}
if (problems.length) {
  const warn = process.argv.includes('--warn');
  const text = `no prebuilt kernels for ${problems.join(', ')}; make them with: npm run prebuild`;
  console.error(`${warn ? 'warning' : 'error'}: ${text}`);
  if (!warn) process.exitCode = 1;
}
