import type { FlatArg } from '../src/core/ops/calls.ts';
import { flatArgs } from '../src/core/ops/calls.ts';
import { OP_NAMES } from '../src/core/ops/table.ts';

type Choice = Extract<FlatArg, { readonly kind: 'choice' }>;

/** Element types in C++: native kernels compute in float32. */
export const CPP_TYPES = { real: 'float', i8: 'int8_t', i32: 'int32_t', u8: 'uint8_t' } as const;

/** `rmsNorm` -> `RmsNorm`. */
export const pascal = (name: string): string => name[0]!.toUpperCase() + name.slice(1);

/** The C++ field of a flat argument: `targets.offsets` -> `targets_offsets`. */
export const field = (arg: FlatArg): string => arg.name.replace('.', '_');

/** The enumerator of a choice's value: `ternary-mse` -> `ternary_mse`. */
export const enumerator = (value: string): string => value.replaceAll('-', '_');

/** The definition of an enum class. */
export const enumClass = (name: string, values: readonly string[]): string =>
  `enum class ${name} : int { ${values.map(enumerator).join(', ')} };\n`;

/**
 * Choices that several ops have under one name, some with fewer of the same values, by name: one enum class serves all of
 * them, so that a kernel can hand on what it was asked for.
 */
export const SHARED_CHOICES: ReadonlyMap<string, readonly string[]> = sharedChoices();

function sharedChoices(): Map<string, readonly string[]> {
  const choices = OP_NAMES.flatMap((op) =>
    flatArgs(op).filter((arg): arg is Choice => arg.kind === 'choice'),
  );
  const shared = new Map<string, readonly string[]>();
  for (const name of new Set(choices.map((arg) => arg.name))) {
    const lists = choices.filter((arg) => arg.name === name).map(({ values }) => values);
    const longest = lists.reduce((most, values) => (values.length > most.length ? values : most));
    const isPrefix = lists.every((values) => values.every((value, i) => value === longest[i]));
    if (lists.length > 1 && isPrefix) shared.set(name, longest);
  }
  return shared;
}

/** The enum class of a choice: `quantizeRows` + `rule` -> `QuantizeRowsRule`; `Precision` where it is shared. */
export const enumName = (op: string, arg: FlatArg): string =>
  SHARED_CHOICES.has(arg.name) ? pascal(arg.name) : valuesName(op, arg);

/** The values that one op takes for a choice. */
export const valuesName = (op: string, arg: FlatArg): string => pascal(op) + pascal(arg.name);

/** First line of every generated file. */
export const BANNER = '// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.\n';
