/** CPUID leaves as `leaf.subleaf`: eax, ebx, ecx, edx. */
type Leaves = Readonly<Record<string, string>>;

export interface Machine {
  readonly name: string;
  readonly leaves: Leaves;
  /** XCR0: what the operating system saves, in hexadecimal. */
  readonly xcr0: string;
  /** Whether the operating system lets a process use tile registers. */
  readonly tiles?: boolean;
  /** What runs there when nothing is asked for. */
  readonly best: string;
  /** Instruction sets, or one with an extension, that must be refused there, and what is missing. */
  readonly refused: Readonly<Record<string, string>>;
}

const AVX = '7';
const AVX512 = 'e7';
const AMX = '602e7';

/** Bits that the manuals give to Golden Cove servers; no recording was at hand. The first leaf is Alder Lake's. */
const SAPPHIRE_RAPIDS: Leaves = {
  '1.0': '000806f8 00400800 7ffefbff bfebfbff',
  '7.0': '00000002 d39ffffb 00004802 03400000',
  '7.1': '00000030 00000000 00000000 00000000',
};
const EMERALD_RAPIDS: Leaves = { ...SAPPHIRE_RAPIDS, '1.0': '000c06f2 00400800 7ffefbff bfebfbff' };

const HASWELL: Leaves = {
  '1.0': '000306c3 03100800 7fdafbbf bfebfbff',
  '7.0': '00000000 000027ab 00000000 00000000',
  '7.1': '00000000 00000000 00000000 00000000',
};
const ZEN4: Leaves = {
  '1.0': '00a60f12 000c0800 7ef8320b 178bfbff',
  '7.0': '00000001 f1bf97a9 00405fce 10000010',
  '7.1': '00000020 00000000 00000000 00000000',
};

/** Values that were read on real machines, except where it says otherwise. */
export const MACHINES: readonly Machine[] = [
  {
    name: 'Core 2 (Merom), without AVX',
    leaves: { '1.0': '000006fa 00020800 0000e3bd bfebfbff' },
    xcr0: '0',
    best: 'scalar',
    refused: { avx2: 'avx2 fma f16c popcnt', avx512: 'avx2 fma f16c popcnt avx512f' },
  },
  {
    name: 'Sandy Bridge, with AVX and without AVX2',
    leaves: { '1.0': '000206a7 00100800 1f9ae3bf bfebfbff', '7.0': '0 0 0 0', '7.1': '0 0 0 0' },
    xcr0: AVX,
    best: 'scalar',
    refused: { avx2: 'avx2 fma f16c' },
  },
  {
    name: 'Haswell',
    leaves: HASWELL,
    xcr0: AVX,
    best: 'avx2',
    refused: { avx512: 'avx512f avx512bw avx512dq avx512vl', 'avx2+vnni': 'avxvnni' },
  },
  {
    name: 'Haswell under an operating system that saves no AVX registers',
    leaves: HASWELL,
    xcr0: '3',
    best: 'scalar',
    refused: { avx2: 'avx2 fma f16c' },
  },
  {
    name: 'Haswell under an operating system without XSAVE',
    leaves: { ...HASWELL, '1.0': '000306c3 03100800 77dafbbf bfebfbff' },
    xcr0: AVX512,
    best: 'scalar',
    refused: { avx2: 'avx2 fma f16c' },
  },
  {
    name: 'Skylake-X',
    leaves: {
      '1.0': '00050654 0a100800 7ffefbbf bfebfbff',
      '7.0': '00000000 d39ffffb 00000000 0c000000',
      '7.1': '0 0 0 0',
    },
    xcr0: AVX512,
    best: 'avx512',
    refused: {
      'avx512+vnni': 'avx512vnni',
      'avx512+vpopcntdq': 'avx512vnni avx512vpopcntdq',
      'avx512+bf16': 'avx512vnni avx512bf16',
      'avx512+amx': 'avx512vnni avx512bf16 amx-tile amx-bf16 amx-int8',
    },
  },
  {
    name: 'Alder Lake, AVX-VNNI without AVX-512',
    leaves: {
      '1.0': '00090672 00800800 7ffafbff bfebfbff',
      '7.0': '00000001 239ca7eb 98c027ac fc1cc410',
      '7.1': '00400810 00000000 00000000 00000000',
    },
    xcr0: AVX,
    best: 'avx2+vnni',
    refused: { avx512: 'avx512f avx512bw avx512dq avx512vl' },
  },
  {
    name: 'Zen 3',
    leaves: {
      '1.0': '00a00f11 01020800 fffa3203 178bfbff',
      '7.0': '00000000 219c07ab 00400684 00000010',
      '7.1': '00000000 00000000 00000000 00000000',
    },
    xcr0: AVX,
    best: 'avx2',
    refused: { avx512: 'avx512f avx512bw avx512dq avx512vl', 'avx2+vnni': 'avxvnni' },
  },
  {
    name: 'Zen 4',
    leaves: ZEN4,
    xcr0: AVX512,
    best: 'avx512+vnni+vpopcntdq+bf16',
    refused: { 'avx2+vnni': 'avxvnni', 'avx512+amx': 'amx-tile amx-bf16 amx-int8' },
  },
  {
    name: 'Zen 4 under an operating system that saves no AVX-512 registers',
    leaves: ZEN4,
    xcr0: AVX,
    best: 'avx2',
    refused: {
      avx512: 'avx512f avx512bw avx512dq avx512vl',
      'avx512+vnni': 'avx512f avx512bw avx512dq avx512vl',
    },
  },
  {
    name: 'Zen 4 under an operating system that saves only the masks of AVX-512',
    leaves: ZEN4,
    xcr0: '27',
    best: 'avx2',
    refused: { avx512: 'avx512f avx512bw avx512dq avx512vl' },
  },
  {
    name: 'Zen 5',
    leaves: {
      '1.0': '00b40f40 00200800 7ed8320b 178bfbff',
      '7.0': '00000001 f1bf97ab 19405fce 10000110',
      '7.1': '00000030 00000000 00000000 00000000',
    },
    xcr0: AVX512,
    best: 'avx512+vnni+vpopcntdq+bf16',
    refused: { 'avx512+amx': 'amx-tile amx-bf16 amx-int8' },
  },
  {
    name: 'Sapphire Rapids',
    leaves: SAPPHIRE_RAPIDS,
    xcr0: AMX,
    tiles: true,
    best: 'avx512+vnni+vpopcntdq+bf16+amx',
    refused: {},
  },
  {
    name: 'Sapphire Rapids where the process gets no permission for tiles',
    leaves: SAPPHIRE_RAPIDS,
    xcr0: AMX,
    tiles: false,
    best: 'avx512+vnni+vpopcntdq+bf16',
    refused: { 'avx512+amx': 'amx-tile amx-bf16 amx-int8' },
  },
  {
    name: 'Sapphire Rapids under an operating system that saves no tiles',
    leaves: SAPPHIRE_RAPIDS,
    xcr0: AVX512,
    tiles: true,
    best: 'avx512+vnni+vpopcntdq+bf16',
    refused: { 'avx512+amx': 'amx-tile amx-bf16 amx-int8' },
  },
  {
    name: 'Sapphire Rapids in a virtual machine without AMX-INT8',
    leaves: { ...SAPPHIRE_RAPIDS, '7.0': '00000002 d39ffffb 00004802 01400000' },
    xcr0: AMX,
    tiles: true,
    best: 'avx512+vnni+vpopcntdq+bf16',
    refused: { 'avx512+amx': 'amx-int8' },
  },
  {
    name: 'Emerald Rapids',
    leaves: EMERALD_RAPIDS,
    xcr0: AMX,
    tiles: true,
    best: 'avx512+vnni+vpopcntdq+bf16+amx',
    refused: {},
  },
];

/** What a CPU says, for FLASHLM_CPU (`seam.cpp`). */
export function answersOf({ leaves, xcr0, tiles = false }: Machine): string {
  const lines = Object.entries(leaves).map(([leaf, values]) => `leaf ${leaf} ${values}`);
  return [...lines, `xcr0 ${xcr0}`, `tiles ${Number(tiles)}`].join('; ');
}
