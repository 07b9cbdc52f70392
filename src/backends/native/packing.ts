import type { Precision } from '../../core/compute.ts';

/** How many values 4 bytes hold when they are packed for the instructions of an instruction set or an extension. */
const PACKING: Readonly<Record<string, Partial<Record<Precision, number>>>> = {
  avx2: { int8: 2 },
  vnni: { int8: 4 },
  bf16: { bf16: 2 },
  amx: { bf16: 2, int8: 4 },
  dotprod: { int8: 4 },
};

/** Values that share 4 bytes when they are packed; those without instructions are packed as float32. */
export const packingOf = (precision: Precision, isa: string, features: readonly string[]): number =>
  Math.max(1, ...[isa, ...features].map((name) => PACKING[name]?.[precision] ?? 1));
