import { WORK_SHARES } from '../src/backends/native/work-shares.ts';
import { type OpName, ROW_CHUNK } from '../src/core/kernels.ts';
import { type FlatArg, flatArgs, minOf } from '../src/core/ops/calls.ts';
import { OP_NAMES, OPS } from '../src/core/ops/table.ts';
import { BANNER, CPP_TYPES, enumClass, enumName, field, pascal, SHARED_CHOICES } from './cpp-names.ts';

function fieldType(op: OpName, arg: FlatArg): string {
  if (arg.kind === 'scalar') return minOf(op, arg) === null ? 'double' : 'int64_t';
  if (arg.kind === 'choice') return enumName(op, arg);
  return `Matrix<${arg.role === 'in' ? 'const ' : ''}${CPP_TYPES[arg.dtype]}>`;
}

function note(arg: FlatArg): string {
  if (arg.kind !== 'tensor') return '';
  const absent = arg.optional ? ', data == nullptr when absent' : '';
  const cols = arg.packs ? `packed ${arg.packs}` : arg.cols;
  return `  // ${arg.role} [${arg.rows} x ${cols}]${absent}`;
}

function structs(op: OpName): string {
  const args = flatArgs(op);
  const enums = args
    .filter((arg) => arg.kind === 'choice')
    .filter((arg) => !SHARED_CHOICES.has(arg.name))
    .map((arg) => enumClass(enumName(op, arg), arg.values));
  const fields = args.map((arg) => `  ${fieldType(op, arg)} ${field(arg)};${note(arg)}\n`);
  return `${enums.join('')}struct ${pascal(op)}Args {\n${fields.join('')}};\n`;
}

const returns = (op: OpName): string => (OPS[op].returns === 'number' ? 'double' : 'void');

/** `native/generated/ops/<op>.h`: the struct of the op's arguments. */
export const opStruct = (op: OpName): string =>
  `${BANNER}#pragma once\n\nnamespace flashlm {\n\n${structs(op)}\n}  // namespace flashlm\n`;

/** `native/generated/ops.h`: the structs of arguments of all ops, and the table of kernels. */
export function opsHeader(): string {
  return `${BANNER}#pragma once

#include <stdint.h>

#include "../src/context.h"
#include "../src/limits.h"
#include "work_shares.h"

// What kernels are called with. Each kernels/*.inl opens \`namespace flashlm { namespace {\` itself and defines functions of
// exactly the names in KernelTable; internal linkage keeps code for one instruction set out of the others.
namespace flashlm {

/** Row-major and contiguous: \`rows * cols\` values. */
template <class T>
struct Matrix {
  T* data;
  int64_t rows, cols;
};

${[...SHARED_CHOICES].map(([name, values]) => enumClass(pascal(name), values)).join('')}
}  // namespace flashlm

#include "op_structs.inl"

namespace flashlm {

/**
 * One plain C pointer per op; an extension has those that it replaces, and null. A kernel reads and writes only inside
 * its matrices and never throws.
 */
struct KernelTable {
  const char* name;
  LimitTable limits;
  int64_t productTileRows, productTileCols;  // of the float products' output tile; 0 in an extension
  int64_t (*packedTernaryBytes)(int64_t rows, int64_t cols);
#define OP(name, Name, Result) Result (*name)(Context&, const Name##Args&) noexcept;
#include "op_list.inl"
#undef OP
};

}  // namespace flashlm
`;
}

// The order of the lines of these three means nothing: see .gitattributes.

/** `native/generated/op_list.inl`: `OP(name, Name, Result)` for every op, to be defined where it is included. */
export const opList = (): string =>
  BANNER + OP_NAMES.map((op) => `OP(${op}, ${pascal(op)}, ${returns(op)})\n`).join('');

/** `native/generated/op_structs.inl` and `op_specs.inl`: one file of each op. */
export const opFiles = (ending: 'h' | 'inl'): string =>
  BANNER + OP_NAMES.map((op) => `#include "ops/${op}.${ending}"\n`).join('');

/** `native/generated/work_shares.h`: the constants that TypeScript and the kernels have in common. */
export function workShares(): string {
  const lines = Object.entries({ ROW_CHUNK, ...WORK_SHARES }).map(
    ([name, value]) => `constexpr int64_t ${name} = ${value};\n`,
  );
  return `${BANNER}#pragma once

#include <stdint.h>

// What they mean: src/core/kernels.ts (ROW_CHUNK) and src/backends/native/work-shares.ts.
namespace flashlm {

${lines.join('')}
}  // namespace flashlm
`;
}
