import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { TEST_SEAM } from '../../native/seam/build.ts';
import { mutated, type NativeMutant } from './mutant.ts';

const native = fileURLToPath(new URL('../../../native/', import.meta.url));

/** Inside the package, so that the copy finds the packages that the build needs. */
export const FOLDER = path.join(native, 'build', 'mutants');

const PARTS = ['generated', 'isa', 'kernels', 'simd', 'src'];

/** Declares the switch for every file. */
const HEADER = 'extern "C" __attribute__((visibility("hidden"))) int flashlm_mutant;\n';

/** Defines the switch, which FLASHLM_MUTANT or `setMutant` of the addon sets. */
const SEAM = {
  file: 'src/binding.cpp',
  at: 'NODE_API_MODULE(flashlm, initAddon)',
  becomes: `#include <cstdlib>
int flashlm_mutant = std::getenv("FLASHLM_MUTANT") ? std::atoi(std::getenv("FLASHLM_MUTANT")) : 0;
static Napi::Object initMutants(Napi::Env env, Napi::Object exports) {
  exports.Set("setMutant", Napi::Function::New(env, [](const Napi::CallbackInfo& info) {
    flashlm_mutant = info[0].As<Napi::Number>().Int32Value();
  }));
  return initAddon(env, exports);
}
NODE_API_MODULE(flashlm, initMutants)`,
};

/** Every C++ file of the addon with the mutants in it. Throws when a mutant's text is not there any more. */
export function mutatedSources(mutants: readonly NativeMutant[]): Map<string, string> {
  const files = PARTS.flatMap((part) =>
    readdirSync(path.join(native, part), { recursive: true, encoding: 'utf8' })
      .filter((name) => path.extname(name))
      .map((name) => path.posix.join(part, name.replaceAll(path.sep, '/'))),
  );
  for (const { id, file } of mutants)
    if (!files.includes(file)) throw new Error(`mutant ${id} is out of date: there is no native/${file}`);
  return new Map(
    files.map((file) => {
      const text = mutated(file, readFileSync(path.join(native, file), 'utf8'), mutants);
      if (file !== SEAM.file) return [file, text];
      if (!text.includes(SEAM.at)) throw new Error(`there is no '${SEAM.at}' in native/${file}`);
      return [file, text.replace(SEAM.at, SEAM.becomes)];
    }),
  );
}

/** Leaves a file alone that is as it should be, so that nothing is compiled for it. */
function write(file: string, text: string): void {
  mkdirSync(path.dirname(file), { recursive: true });
  try {
    if (readFileSync(file, 'utf8') === text) return;
  } catch {}
  writeFileSync(file, text);
}

/** Compiles the addon with all mutants, by the project's own build steps; returns how many files were compiled. */
export async function buildMutants(mutants: readonly NativeMutant[]): Promise<number> {
  const copy = path.join(FOLDER, 'native');
  for (const [file, text] of mutatedSources(mutants)) write(path.join(copy, file), text);
  for (const script of readdirSync(native).filter((name) => name.endsWith('.mjs')))
    write(path.join(copy, script), readFileSync(path.join(native, script), 'utf8'));
  const header = path.join(FOLDER, 'mutant.h');
  write(header, HEADER);
  const { build } = await import(pathToFileURL(path.join(copy, 'build.mjs')).href);
  // Branches for every mutant make inlined code large, and optimising it takes long.
  const env = { ...process.env, CXXFLAGS: `-include ${header} -O1 -Wno-all -Wno-extra` };
  // The suites that refuse memory and emulate CPUs use this build as it is.
  const { compiled } = await build({ folder: FOLDER, env, ...TEST_SEAM });
  return compiled;
}
