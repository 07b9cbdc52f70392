// Which files make the addon, and with which flags each is compiled.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { splitWords } from './build-words.mjs';

const require = createRequire(import.meta.url);
const root = fileURLToPath(new URL('.', import.meta.url));

const COMMON = [
  'src/arguments.cpp',
  'src/binding.cpp',
  'src/cpu.cpp',
  'src/deferred_region.cpp',
  'src/dispatch.cpp',
  'src/flashlm.cpp',
  'src/inspect.cpp',
  'src/limits.cpp',
  'src/machine.cpp',
  'src/schedule.cpp',
  'src/scratch.cpp',
  'src/thread_team.cpp',
];

const AVX2 = ['-mavx2', '-mfma', '-mf16c', '-mpopcnt'];
const AVX512 = [...AVX2, '-mavx512f', '-mavx512bw', '-mavx512dq', '-mavx512vl'];
const AMX = ['-mamx-tile', '-mamx-bf16', '-mamx-int8'];

/** Instruction sets by architecture; every file also carries #error guards for its flags. */
const ISA_FLAGS = {
  x64: {
    'isa/scalar.cpp': [],
    'isa/avx2.cpp': AVX2,
    'isa/avx512.cpp': AVX512,
    'isa/overrides/avx2_vnni.cpp': [...AVX2, '-mavxvnni'],
    'isa/overrides/avx512_vnni.cpp': [...AVX512, '-mavx512vnni'],
    'isa/overrides/avx512_vpopcntdq.cpp': [...AVX512, '-mavx512vnni', '-mavx512vpopcntdq'],
    'isa/overrides/avx512_bf16.cpp': [...AVX512, '-mavx512vnni', '-mavx512bf16'],
    'isa/overrides/avx512_amx.cpp': [...AVX512, '-mavx512vnni', '-mavx512bf16', ...AMX],
  },
  arm64: {
    'isa/scalar.cpp': [],
    'isa/neon.cpp': [],
    'isa/overrides/neon_dotprod.cpp': ['-march=armv8.2-a+dotprod'],
    'isa/overrides/neon_bf16.cpp': ['-march=armv8.2-a+dotprod+bf16'],
  },
};
const OTHER_ARCH = { 'isa/scalar.cpp': [] };

/** Extensions that younger compilers alone can make (AVX-VNNI and AMX: gcc 11, bf16: gcc 10): left out where they can't. */
const OPTIONAL = ['avx2_vnni', 'avx512_bf16', 'avx512_amx', 'neon_bf16'].map(
  (name) => `isa/overrides/${name}.cpp`,
);

/** What this CPU and its operating system offer by Linux's names, without `_` and `-`; undefined where they aren't listed. */
function cpuFeatures() {
  let text;
  try {
    text = readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    return undefined;
  }
  const [, names] = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(text) ?? [];
  return names && new Set(names.replaceAll(/[_-]/g, '').split(' '));
}

/** Linux's name for an extension where it is not the compiler's. */
const CPU_NAMES = { dotprod: 'asimddp' };

/** The files of instruction sets that this machine can't run, by the flags they are compiled with. */
export function beyondThisCpu(arch = process.arch, features = cpuFeatures()) {
  if (!features) return [];
  const needed = (flags) =>
    flags.flatMap((flag) =>
      flag.startsWith('-march=') ? flag.split('+').slice(1) : flag.replace(/^-m/, ''),
    );
  const lacks = (name) => !features.has(CPU_NAMES[name] ?? name.replaceAll('-', ''));
  return Object.entries(ISA_FLAGS[arch] ?? {}).flatMap(([file, flags]) =>
    needed(flags).some(lacks) ? [file] : [],
  );
}

/** The optional files for `arch` with their flags. */
export const optionalFlags = (arch) =>
  Object.entries(ISA_FLAGS[arch] ?? {}).filter(([file]) => OPTIONAL.includes(file));

/** NEON's files on x64, for sanitizers: through SIMDe, as a further table that runs where AVX2 does. */
const SIMDE = [...AVX2, '-include', path.join(root, 'simde', 'arm_neon.h'), '-I', path.join(root, 'simde')];
const SIMDE_FLAGS = {
  'isa/neon.cpp': SIMDE,
  'isa/overrides/neon_dotprod.cpp': [...SIMDE, '-D__ARM_FEATURE_DOTPROD'],
};

const isaFlags = (arch, simde) => ({ ...(ISA_FLAGS[arch] ?? OTHER_ARCH), ...(simde && SIMDE_FLAGS) });

/** About how many seconds a file takes to compile. */
function secondsOf(file) {
  if (file.startsWith('isa/overrides/')) return 10;
  return file.startsWith('isa/') ? 40 : file === 'src/binding.cpp' ? 4 : 1;
}

/** About how many seconds `files`, absolute paths, take on so many cores. */
export function compileSeconds(files, cores) {
  const each = files.map((file) => secondsOf(path.relative(root, file).replaceAll(path.sep, '/')));
  return Math.max(...each, each.reduce((sum, seconds) => sum + seconds, 0) / cores);
}

/** Absolute paths of all C++ files for `arch`, without those in `leftOut`; the slowest first, so that all cores end together. */
export const sources = ({ arch, simde, leftOut }) =>
  [...COMMON, ...Object.keys(isaFlags(arch, simde))]
    .filter((file) => !leftOut.includes(file))
    .sort((a, b) => secondsOf(b) - secondsOf(a))
    .map((file) => path.join(root, file));

/** The least CPU of an architecture. A compiler's own default, or -march=native, would let its instructions into every file. */
const MIN_CPU = { x64: '-march=x86-64', arm64: '-march=armv8-a' };

/**
 * `env` has CPPFLAGS and CXXFLAGS as make takes them. They come before the flags without which kernels would be wrong: a
 * build for `-march=native` or with `-ffast-math` is as correct as any.
 */
export function compileFlags(source, { platform, arch, simde, unoptimised = [], env }) {
  const file = path.relative(root, source).replaceAll(path.sep, '/');
  const flags = [
    unoptimised.includes(file) ? '-O0' : '-O3',
    ...splitWords(env.CPPFLAGS),
    ...splitWords(env.CXXFLAGS),
  ];
  // No -ffast-math and no contraction: sums in a fixed order must give the same bits on every instruction set, and
  // kernels say themselves where they want a fused multiply-add.
  flags.push('-std=c++17', '-pthread', '-fPIC', '-fvisibility=hidden', '-fno-lto');
  flags.push('-fno-fast-math', '-ffp-contract=off', '-fno-math-errno', '-Wall', '-Wextra', '-Wno-error');
  if (simde) flags.push('-DFLASHLM_SIMDE');
  if (platform === 'darwin')
    flags.push('-mmacosx-version-min=11.0', '-arch', arch === 'x64' ? 'x86_64' : arch);
  else if (MIN_CPU[arch]) flags.push(MIN_CPU[arch]);
  if (file === 'src/binding.cpp') {
    flags.push('-DNAPI_VERSION=8', '-DNODE_ADDON_API_CPP_EXCEPTIONS', '-DNODE_ADDON_API_CPP_EXCEPTIONS_ALL');
    // A worker that is being terminated can no longer take an exception: drop it instead of ending the process.
    flags.push('-DNODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS');
    flags.push('-isystem', require('node-api-headers').include_dir);
    flags.push('-isystem', path.dirname(require.resolve('node-addon-api')));
  } else if (file.startsWith('isa/')) {
    flags.push(...isaFlags(arch, simde)[file], '-fno-exceptions', '-fno-rtti', '-Wno-unused-function');
    // gcc 12's own AVX-512 headers read a deliberately undefined register.
    if (file.includes('avx512'))
      flags.push('-Wno-unknown-warning-option', '-Wno-uninitialized', '-Wno-maybe-uninitialized');
  }
  return flags;
}

export function linkFlags({ platform, arch, wrapped = [], env }) {
  const flags = [...splitWords(env.CXXFLAGS), ...splitWords(env.LDFLAGS), '-fno-lto'];
  flags.push(
    ...(platform === 'darwin'
      ? ['-bundle', '-undefined', 'dynamic_lookup', '-arch', arch === 'x64' ? 'x86_64' : arch]
      : // Never unloaded: when a worker ends, Node closes this file before the thread ends, and its team with it.
        ['-shared', '-pthread', '-Wl,-z,nodelete']),
  );
  flags.push(...wrapped.map((name) => `-Wl,--wrap=${name}`));
  return flags;
}
