// Simulates a user's machine: an empty home, empty folders, and a PATH with Node and npm but no compiler.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

export const repository = fileURLToPath(new URL('../', import.meta.url));

/** The only programs on the PATH; npm runs scripts through sh. */
const TOOLS = ['node', 'npm', 'npx', 'sh'];
/** Variables for reaching the registry, because the empty home has no npm configuration. */
const NETWORK = [
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'NODE_EXTRA_CA_CERTS',
];

const onPath = (name) =>
  process.env.PATH.split(path.delimiter)
    .map((folder) => path.join(folder, name))
    .find((file) => existsSync(file));

/** An empty folder in which FlashLM is installed and used. */
export class Project {
  constructor(folder, env) {
    this.folder = folder;
    this.env = env;
  }

  /** Runs a program and returns its status and output. `env` is added to the sandbox's environment. */
  run(command, args, env = {}) {
    const options = { cwd: this.folder, env: { ...this.env, ...env }, encoding: 'utf8' };
    const { status, stdout, stderr, error } = spawnSync(command, args, options);
    if (error) throw error;
    return { status, stdout, stderr };
  }

  /** Runs a program and returns what it printed. @throws Error if its exit status is not 0. */
  runOrThrow(command, args, env) {
    const { status, stdout, stderr } = this.run(command, args, env);
    if (status === 0) return stdout;
    throw new Error(`${[command, ...args].join(' ')} ended with ${status}\n${stdout}${stderr}`);
  }

  flashlm(...args) {
    return this.runOrThrow('npx', ['flashlm', ...args]);
  }

  install(tarball, ...flags) {
    return this.runOrThrow('npm', ['install', '--no-audit', '--no-fund', ...flags, tarball]);
  }

  write(name, text) {
    writeFileSync(path.join(this.folder, name), text);
  }

  path(...parts) {
    return path.join(this.folder, ...parts);
  }

  /** The folder of the most recently started run. */
  lastRun() {
    return path.join('runs', readdirSync(this.path('runs')).sort().at(-1));
  }
}

/** Packs the package and creates projects to install it in; `remove` deletes all of it. */
export class Sandbox {
  folder = mkdtempSync(path.join(tmpdir(), 'flashlm-package-'));

  constructor() {
    const bin = path.join(this.folder, 'bin');
    const home = path.join(this.folder, 'home');
    for (const folder of [bin, home]) mkdirSync(folder);
    for (const tool of TOOLS) symlinkSync(onPath(tool), path.join(bin, tool));
    const registry = execFileSync('npm', ['config', 'get', 'registry'], {
      cwd: home,
      encoding: 'utf8',
    }).trim();
    this.env = { PATH: bin, HOME: home, npm_config_registry: registry, npm_config_update_notifier: 'false' };
    for (const name of NETWORK) if (process.env[name]) this.env[name] = process.env[name];
  }

  /** Packs the repository and returns npm's description of the tarball, plus its `path`. */
  pack() {
    const args = ['pack', '--json', '--pack-destination', this.folder];
    const output = execFileSync('npm', args, {
      cwd: repository,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    // Skips the output of the build scripts that npm runs first.
    const [packed] = JSON.parse(output.slice(output.search(/^\[$/m)));
    return { ...packed, path: path.join(this.folder, packed.filename) };
  }

  project(name, manifest = { private: true, type: 'module' }) {
    const folder = path.join(this.folder, name);
    mkdirSync(folder);
    const project = new Project(folder, this.env);
    if (manifest) project.write('package.json', JSON.stringify(manifest));
    return project;
  }

  remove() {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
