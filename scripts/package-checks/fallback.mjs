// What is left without the prebuilt kernels: the reference backend, and a command that compiles them.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { PREBUILT } from './use.mjs';

/** Trains one small step and returns the one notice of the slow backend. */
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
    'its installation script compiles nothing, though there is a compiler: the prebuilt ones load',
    () => {
      const { install } = JSON.parse(
        readFileSync(project.path('node_modules', 'flashlm', 'package.json')),
      ).scripts;
      const [node, script, ...flags] = install.split(' ');
      const args = [path.join('node_modules', 'flashlm', script), ...flags];
      const output = project.must(node, args, { PATH: process.env.PATH });
      assert.match(output, /^native kernels: prebuilt \(node_modules\/flashlm\/prebuilds\/[^\n]*\n$/);
      assert.ok(!existsSync(project.path('node_modules', 'flashlm', 'native', 'build')));
    },
  );

  await step('half a prebuilt addon: told in one line, the reference backend runs', () => {
    truncateSync(project.path(PREBUILT), 100_000);
    assert.match(slowNotice(project), /flashlm\.node: damaged/);
  });

  const command = await step('none at all: told in one line with what to do', () => {
    rmSync(project.path(path.dirname(PREBUILT)), { recursive: true });
    const [, remedy] = /build them with: (.*)$/.exec(slowNotice(project));
    assert.equal(JSON.parse(project.flashlm('doctor', '--json')).best, 'reference');
    return remedy.split(' ');
  });

  await step(`${command.join(' ')} without a compiler: says so in one line`, () => {
    const { status, stderr } = project.run(command[0], command.slice(1));
    assert.equal(status, 1);
    assert.match(stderr, /^native kernels not built: no C\+\+ compiler found; [^\n]*\n$/);
    assert.match(project.flashlm('doctor'), /^ {2}native +no .*no C\+\+ compiler found/m);
  });

  await step('and with one: the kernels are compiled and serve', () => {
    project.must(command[0], command.slice(1), { PATH: process.env.PATH });
    const { native, best } = JSON.parse(project.flashlm('doctor', '--json'));
    assert.match(native.path, /node_modules\/flashlm\/native\/build\//);
    assert.match(best, /^native:/);
  });
}
