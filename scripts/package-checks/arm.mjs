// Tests the package on emulated 64-bit ARM. npm runs on the host, because programs in the emulator cannot start others.
import assert from 'node:assert/strict';
import path from 'node:path';
import process from 'node:process';
import { armNode, EMULATOR, emulated } from '../../native/arm64-node.mjs';
import { repository } from '../package-sandbox.mjs';

const ARM_INSTALL_FLAGS = ['--os=linux', '--cpu=arm64', '--libc=glibc', '--ignore-scripts'];
const MAIN = 'node_modules/flashlm/bin/flashlm.mjs';
const PREBUILT = 'node_modules/flashlm/prebuilds/linux-arm64/flashlm.node';

export async function checkArm(project, packed, step) {
  const node = await step('Node for ARM is downloaded', () =>
    armNode(path.join(repository, 'native', 'build', 'arm64')),
  );
  await step('npm installs the package for ARM', () => project.install(packed.path, ...ARM_INSTALL_FLAGS));
  const flashlm = (cpu, ...args) =>
    project.runOrThrow(EMULATOR, emulated(cpu, node, [MAIN, ...args]), { PATH: process.env.PATH });

  const doctor = (cpu) => JSON.parse(flashlm(cpu, 'doctor', '--json'));
  const neon = ({ backends }) => backends.find(({ name }) => name === 'native:neon');

  await step(
    'the command doctor on emulated ARM reports the prebuilt kernels, with dotprod only if the CPU has it',
    () => {
      const report = doctor('max');
      assert.equal(path.relative(project.folder, report.native.path), PREBUILT);
      assert.equal(report.best, 'native:neon');
      assert.match(neon(report).detail, /dotprod/);
      assert.doesNotMatch(neon(doctor('cortex-a57')).detail, /dotprod/);
    },
  );

  await step('the command train on emulated ARM trains v61 with dotprod kernels', () => {
    const trained = flashlm('max', 'train', 'v61', '--steps', '10');
    assert.match(trained, /^Done after 10 steps/m);
    assert.ok(trained.includes('backend  native:neon+dotprod,'), trained);
  });
}
