// Whether the prebuilt addons are there and made from these sources: node scripts/check-prebuilds.mjs [--warn]
//
// Publishing without them is an error, for where installation scripts are blocked nothing else brings the kernels.
// `npm pack` for local use only warns.
import process from 'node:process';
import { misfit, PREBUILT_ARCHS, prebuildFolder } from '../native/prebuilt.mjs';

const problems = [];
for (const arch of PREBUILT_ARCHS) {
  const problem = await misfit(prebuildFolder('linux', arch));
  if (problem) problems.push(`linux-${arch} (${problem})`);
}
if (problems.length) {
  const warn = process.argv.includes('--warn');
  const text = `no prebuilt kernels for ${problems.join(', ')}; make them with: npm run prebuild`;
  console.error(`${warn ? 'warning' : 'error'}: ${text}`);
  if (!warn) process.exitCode = 1;
}
