import type { FlatArg } from '../src/core/ops.ts';

/** Element types in C++: native kernels compute in float32. */
export const CPP_TYPES = { real: 'float', i8: 'int8_t', i32: 'int32_t', u8: 'uint8_t' } as const;

/** `rmsNorm` -> `RmsNorm`. */
export const pascal = (name: string): string => name[0]!.toUpperCase() + name.slice(1);

/** The C++ field of a flat argument: `targets.offsets` -> `targets_offsets`. */
export const field = (arg: FlatArg): string => arg.name.replace('.', '_');

/** The enumerator of a choice's value: `ternary-mse` -> `ternary_mse`. */
export const enumerator = (value: string): string => value.replaceAll('-', '_');

/** The enum class of a choice: `quantizeRows` + `rule` -> `QuantizeRowsRule`. */
export const enumName = (op: string, arg: FlatArg): string => pascal(op) + pascal(arg.name);

/** First line of every generated file. */
export const BANNER = '// Generated from src/core/ops.ts by native/generate.ts: do not edit.\n';
