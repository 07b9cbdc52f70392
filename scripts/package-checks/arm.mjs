// The package on 64-bit ARM, emulated. npm itself is the host's: the emulator cannot start further ARM programs.
import assert from 'node:assert/strict';
import path from 'node:path';
import process from 'node:process';
import { armNode, EMULATOR, emulated } from '../../native/arm64-node.mjs';
import { repository } from '../package-sandbox.mjs';

const FOR_ARM = ['--os=linux', '--cpu=arm64', '--libc=glibc', '--ignore-scripts'];
const MAIN = 'node_modules/flashlm/bin/flashlm.mjs';
const PREBUILT = 'node_modules/flashlm/prebuilds/linux-arm64/flashlm.node';

export async function checkArm(project, packed, step) {
  const node = await step('Node for ARM is there', () =>
    armNode(path.join(repository, 'native', 'build', 'arm64')),
  );
  await step('npm installs it for ARM', () => project.install(packed.path, ...FOR_ARM));
  const flashlm = (cpu, ...args) =>
    project.must(EMULATOR, emulated(cpu, node, [MAIN, ...args]), { PATH: process.env.PATH });

  const doctor = (cpu) => JSON.parse(flashlm(cpu, 'doctor', '--json'));
  const neon = ({ backends }) => backends.find(({ name }) => name === 'native:neon');

  await step(
    'npx flashlm doctor on an emulated ARM: the prebuilt kernels serve, dotprod where the CPU has it',
    () => {
      const report = doctor('max');
      assert.equal(path.relative(project.folder, report.native.path), PREBUILT);
      assert.equal(report.best, 'native:neon');
      assert.match(neon(report).detail, /dotprod/);
      assert.doesNotMatch(neon(doctor('cortex-a57')).detail, /dotprod/);
    },
  );

  await step('npx flashlm train on it', () => {
    const trained = flashlm('max', 'train', 'v61', '--steps', '10');
    assert.match(trained, /^Done after 10 steps/m);
    assert.ok(trained.includes('backend  native:neon+dotprod,'), trained);
  });
}
