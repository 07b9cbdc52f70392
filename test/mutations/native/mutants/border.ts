import type { NativeMutant } from '../mutant.ts';

const binding = { file: 'src/binding.cpp' } as const;
const engine = { file: 'src/flashlm.cpp' } as const;
const checks = { file: 'src/arguments.cpp' } as const;
const cpu = { file: 'src/cpu.cpp', onLoad: true } as const;
const dispatch = { file: 'src/dispatch.cpp', onLoad: true } as const;
const inspect = { file: 'src/inspect.cpp' } as const;

/** What JavaScript hands over, which kernels run on which CPU, and checksums of memory. */
export const BORDER_MUTANTS: readonly NativeMutant[] = [
  {
    ...engine,
    id: 'indices-before-what-waits',
    fault: 'indices are checked before calls run that may write them',
    at: '«if (e.region->isOpen() && !op.mayBeDeferred) runRegion(e, {}, nullptr);»',
    wrong: '',
    corrupts: true,
  },
  {
    ...engine,
    id: 'packed-size-overflows',
    fault: 'a packed size is given for more codes than there can be',
    at: 'if («rows * cols > kMaxCodes»)',
    wrong: 'false',
  },
  {
    ...binding,
    id: 'shared-indices',
    fault: 'another thread may change indices after their check',
    at: 'if («holdsIndices && !Napi::Value(env_, buffer).IsArrayBuffer()») fail',
    wrong: 'false',
  },
  {
    ...binding,
    id: 'detached-is-empty',
    fault: 'memory that was transferred counts as empty',
    at: 'if (value.rows != 0 && value.cols != 0 && «isDetached(array)»)',
    wrong: 'false',
  },
  {
    ...binding,
    id: 'wrong-close-keeps-calls',
    fault: 'what waits stays when close is called with wrong values',
    at: '«if (engine_) flashlm_discard(engine(env));»',
    wrong: '',
    corrupts: true,
  },
  {
    ...checks,
    id: 'last-index-unchecked',
    fault: 'the last index of a range is not checked',
    at: 'for (size_t k = first; «k < last»; k++) {',
    wrong: 'k + 1 < last',
    corrupts: true,
  },
  {
    ...checks,
    id: 'negative-offset',
    fault: 'the first offset may be negative',
    at: 'int32_t previous = «0»;',
    wrong: 'INT32_MIN',
    corrupts: true,
  },
  {
    ...checks,
    id: 'offset-past-end',
    fault: 'the last offset may be one too far',
    at: 'if («previous > dims_[into]»)',
    wrong: 'previous > dims_[into] + 1',
    corrupts: true,
  },
  {
    ...checks,
    id: 'one-shared-byte',
    fault: 'arguments may share a byte with what is written',
    at: 'if («aBegin >= bEnd || bBegin >= aEnd») continue;',
    wrong: 'aBegin + 1 >= bEnd || bBegin + 1 >= aEnd',
  },
  {
    ...checks,
    id: 'alias-of-other-length',
    fault: 'an argument in the place of another may be longer',
    at: 'aBegin == bBegin && «aEnd == bEnd»',
    wrong: 'true',
    equivalent:
      'an alias has the shape of its argument, which is checked before: the same beginning is the same end',
  },
  {
    ...checks,
    id: 'product-wraps',
    fault: 'rows times columns may wrap',
    at: 'if («!__builtin_mul_overflow(v.rows, v.cols, &product)» &&',
    wrong:
      '(product = static_cast<int64_t>(static_cast<uint64_t>(v.rows) * static_cast<uint64_t>(v.cols)), true)',
    corrupts: true,
  },
  {
    ...cpu,
    id: 'avx-not-saved',
    fault: 'AVX is used where the operating system does not save its registers',
    at: 'const bool ymm = «(saved & 0x6) == 0x6»;',
    wrong: 'true',
  },
  {
    ...cpu,
    id: 'avx512-half-saved',
    fault: 'AVX-512 is used where the operating system saves only its masks',
    at: 'const bool zmm = «(saved & 0xe6) == 0xe6»;',
    wrong: '(saved & 0x26) == 0x26',
  },
  {
    ...cpu,
    id: 'xsave-not-asked',
    fault: 'what is saved is asked where the operating system has no XSAVE',
    at: 'const uint64_t saved = «osxsave ? savedStates() : 0»;',
    wrong: 'savedStates()',
  },
  {
    ...cpu,
    id: 'tiles-without-permission',
    fault: 'tile registers are used without permission',
    at: 'leaf.d & 1u << 24 && «requestTiles()»;',
    wrong: 'true',
  },
  {
    ...cpu,
    id: 'tiles-not-saved',
    fault: 'tile registers are used where the operating system does not save them',
    at: 'const bool tiles = «(saved & 0x60000) == 0x60000»',
    wrong: 'true',
  },
  {
    ...cpu,
    id: 'vnni-by-another-bit',
    fault: 'AVX-512 VNNI is read from the bit of BITALG',
    at: 'add(zmm && leaf.c & 1u << «11», kAvx512vnni);',
    wrong: '12',
  },
  {
    ...cpu,
    id: 'amx-int8-by-another-bit',
    fault: 'AMX-INT8 is read from the bit of AMX-BF16',
    at: 'leaf.d & 1u << «25», kAmxInt8);',
    wrong: '22',
  },
  {
    ...cpu,
    id: 'avx-vnni-by-another-bit',
    fault: 'AVX-VNNI is read from the bit of AVX-512 BF16',
    at: 'leaf.a & 1u << «4», kAvxvnni);',
    wrong: '5',
  },
  {
    ...dispatch,
    id: 'forced-isa-not-asked',
    fault: 'an instruction set that is asked for by name runs on any CPU',
    at: '«require(isa.name, isa.needs, isa.table);»',
    wrong: '',
  },
  {
    ...dispatch,
    id: 'forced-feature-not-asked',
    fault: 'an extension that is asked for by name runs on any CPU',
    at: '«require(isa.name + ("+" + featureName), chosen.back()->needs, chosen.back()->table);»',
    wrong: '',
  },
  {
    ...dispatch,
    id: 'best-not-asked',
    fault: 'the last instruction set of the build runs on any CPU',
    at: 'if (isa.table && «lacking(isa.needs).empty()») best = &isa;',
    wrong: 'true',
  },
  {
    ...inspect,
    id: 'digest-of-any-order',
    fault: 'the checksum is blind to parts of 64 KiB that change places',
    at: 'for (uint64_t part : parts) «hash = mix(hash, part);»',
    wrong: 'hash ^= part;',
  },
  {
    ...inspect,
    id: 'digest-without-rest',
    fault: 'the checksum leaves out the last bytes',
    at: 'count - at < 8 ? «count - at» : 8',
    wrong: '0',
  },
  {
    ...inspect,
    id: 'non-finite-tail',
    fault: 'NaN in the last values of an array is not found',
    at: 'const int64_t end = begin + kStep < count ? begin + kStep : «count»;',
    wrong: 'begin',
  },
];
