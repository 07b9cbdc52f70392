// Tests the package without prebuilt kernels: the reference backend runs, and a command compiles the kernels.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { PREBUILT } from './use.mjs';

/** Trains one small step and returns its notice about the slow backend, which must appear once. */
function slowNotice(project) {
  const { status, stdout, stderr } = project.run('npx', [
    'flashlm',
    'train',
    'v61-debug',
    '--backend',
    'native',
    '--steps',
    '1',
  ]);
  const output = stdout + stderr;
  assert.equal(status, 0, output);
  const notices = output.split('\n').filter((line) => line.includes('slow reference backend'));
  assert.equal(notices.length, 1, output);
  assert.match(output, /^backend {2}reference/m);
  return notices[0];
}

export async function checkFallback(project, step) {
  await step(
    'the installation script loads the prebuilt kernels and compiles nothing, even with a compiler',
    () => {
      const { install } = JSON.parse(
        readFileSync(project.path('node_modules', 'flashlm', 'package.json')),
      ).scripts;
      const [node, script, ...flags] = install.split(' ');
      const args = [path.join('node_modules', 'flashlm', script), ...flags];
      const output = project.runOrThrow(node, args, { PATH: process.env.PATH });
      assert.match(output, /^native kernels: prebuilt \(node_modules\/flashlm\/prebuilds\/[^\n]*\n$/);
      assert.ok(!existsSync(project.path('node_modules', 'flashlm', 'native', 'build')));
    },
  );

  await step('a truncated addon gives a notice of one line, and the reference backend runs', () => {
    truncateSync(project.path(PREBUILT), 100_000);
    assert.match(slowNotice(project), /flashlm\.node: damaged/);
  });

  const command = await step('a missing addon gives a notice of one line with a remedy', () => {
    rmSync(project.path(path.dirname(PREBUILT)), { recursive: true });
    const [, remedy] = /build them with: (.*)$/.exec(slowNotice(project));
    assert.equal(JSON.parse(project.flashlm('doctor', '--json')).best, 'reference');
    return remedy.split(' ');
  });

  await step(`${command.join(' ')} without a compiler fails with an error of one line`, () => {
    const { status, stderr } = project.run(command[0], command.slice(1));
    assert.equal(status, 1);
    assert.match(stderr, /^native kernels not built: no C\+\+ compiler found; [^\n]*\n$/);
    assert.match(project.flashlm('doctor'), /^ {2}native +no .*no C\+\+ compiler found/m);
  });

  await step('the same command with a compiler builds the kernels, and FlashLM uses them', () => {
    project.runOrThrow(command[0], command.slice(1), { PATH: process.env.PATH });
    const { native, best } = JSON.parse(project.flashlm('doctor', '--json'));
    assert.match(native.path, /node_modules\/flashlm\/native\/build\//);
    assert.match(best, /^native:/);
  });
}
