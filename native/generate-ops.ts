import { opSignature } from '../src/backends/native/signature.ts';
import type { OpName } from '../src/core/kernels.ts';
import { codesOf, type FlatArg, flatArgs, minOf } from '../src/core/ops/calls.ts';
import { type Dim, hasSymbol, type Step, termsOf } from '../src/core/ops/dims.ts';
import { equationsOf, type Source, symbolSteps, symbolsOf } from '../src/core/ops/op-dims.ts';
import { mayBeDeferred, scheduleOf } from '../src/core/ops/schedule.ts';
import { isWritten, type ScalarArg, type TensorArg } from '../src/core/ops/spec.ts';
import { OPS } from '../src/core/ops/table.ts';
import { BANNER, CPP_TYPES, enumName, pascal, valuesName } from './cpp-names.ts';

/** An int8 dot product fits in 32 bits up to this many columns, even if codes are shifted to 0..255. */
const MAX_INTEGER_COLUMNS = 2 ** 22;

/** The array sizes of `Dim` and `Term` in `native/src/arguments.h`. */
const MAX_TERMS = 4;
const MAX_FACTORS = 4;

class OpWriter {
  private readonly args: readonly FlatArg[];

  constructor(private readonly op: OpName) {
    this.args = flatArgs(op);
  }

  private symbol(name: string): number {
    const index = symbolsOf(this.op).indexOf(name);
    if (index < 0) throw new Error(`${this.op}: there is no symbol ${name}`);
    return index;
  }

  private dim(dim: Dim): string {
    if (typeof dim === 'number') return `fixed(${dim})`;
    const terms = termsOf(dim);
    if (terms.length === 1 && symbolsOf(this.op).includes(dim)) return `symbol(${this.symbol(dim)})`;
    const each = terms.map(({ factor, symbols }) => {
      if (symbols.length > MAX_FACTORS) throw new Error(`${this.op}: '${dim}' has too many factors`);
      return `term(${[factor, ...symbols.map((symbol) => this.symbol(symbol))].join(', ')})`;
    });
    if (terms.length > MAX_TERMS) throw new Error(`${this.op}: '${dim}' has too many terms`);
    return `sum("${dim}", ${each.join(', ')})`;
  }

  private find(what: string, matches: (arg: TensorArg) => boolean): number {
    const index = this.args.findIndex((arg) => arg.kind === 'tensor' && matches(arg));
    if (index < 0) throw new Error(`${this.op}: there is no ${what}`);
    return index;
  }

  private tensor(arg: TensorArg): string {
    const { packs, below, offsetsInto } = arg;
    const cols = packs ? 'fixed(0)' : this.dim(arg.cols);
    let text = `tensor<${CPP_TYPES[arg.dtype]}>("${arg.name}", ${this.dim(arg.rows)}, ${cols})`;
    if (arg.role === 'out') text += '.out()';
    else if (isWritten(arg.role)) text += '.update()';
    if (arg.optional) text += '.optional()';
    if (this.isCut(arg)) text += '.cut()';
    if (below) text += `.below(${this.symbol(below)})`;
    if (this.args.some((other) => other.kind === 'tensor' && other.offsetsInto === arg.rows))
      text += `.entriesOf(${this.find('offsets', (other) => other.offsetsInto === arg.rows)})`;
    if (offsetsInto) text += `.offsetsInto(${this.symbol(offsetsInto)})`;
    if (packs) text += `.packs(${codesOf(this.op, arg)})`;
    if (OPS[this.op].integer && arg.dtype === 'i8') text += `.atMostCols(${MAX_INTEGER_COLUMNS})`;
    for (const name of arg.mayAlias ?? [])
      text += `.alias(${this.find(name, (other) => other.name === name)})`;
    return text;
  }

  /**
   * Whether an argument is cut with a call's rows or sequences: it has the same number of rows for each row,
   * or for each sequence.
   */
  private isCut(arg: TensorArg): boolean {
    if (scheduleOf(this.op) === 'serial') return false;
    const by = ['M', ...(OPS[this.op].independent === 'sequence' ? ['S'] : [])];
    const cutting = (dim: Dim) => by.filter((symbol) => hasSymbol(dim, symbol));
    const [symbol, ...others] = cutting(arg.rows);
    const isEven = (dim: Dim) => termsOf(dim).every(({ symbols }) => symbols.includes(symbol!));
    if (others.length > 0 || (symbol && !isEven(arg.rows)) || (symbol === 'M' && arg.rows !== 'M'))
      throw new Error(`${this.op}: '${arg.rows}' cannot be cut by rows`);
    if (!arg.packs && cutting(arg.cols).length > 0)
      throw new Error(`${this.op}: '${arg.cols}' cannot be cut by rows`);
    return symbol !== undefined;
  }

  /** The index of a cut argument with one row per row of the call; kNone where calls are not cut. */
  private rowsArg(): number | 'kNone' {
    const at = this.args.findIndex(
      (arg) => arg.kind === 'tensor' && !arg.optional && arg.rows === 'M' && this.isCut(arg),
    );
    if (at < 0 && scheduleOf(this.op) !== 'serial') throw new Error(`${this.op}: no argument has M rows`);
    return at < 0 ? 'kNone' : at;
  }

  /** The index of the argument with the rows per sequence, if calls are cut by sequences only, else kNone. */
  private seqLenArg(): number | 'kNone' {
    if (scheduleOf(this.op) === 'serial' || OPS[this.op].independent !== 'sequence') return 'kNone';
    const at = this.args.findIndex((arg) => arg.kind === 'scalar' && arg.symbol === 'T');
    if (at < 0) throw new Error(`${this.op}: no argument says how long a sequence is`);
    return at;
  }

  private spec(arg: FlatArg): string {
    if (arg.kind === 'tensor') return this.tensor(arg);
    if (arg.kind === 'scalar') return `scalar("${arg.name}")${this.wholeNumber(arg)}`;
    return `choice("${arg.name}", k${valuesName(this.op, arg)})`;
  }

  private wholeNumber(arg: ScalarArg): string {
    const min = minOf(this.op, arg);
    return min === null ? '' : `.wholeNumber(${min})`;
  }

  /** Whether an input may be empty although outputs have values: one of its dimensions is in `mayBeZero`. */
  private mayBeEmpty(): boolean {
    const { mayBeZero = [] } = OPS[this.op];
    return this.args.some(
      (arg) =>
        arg.kind === 'tensor' && arg.role === 'in' && mayBeZero.some((s) => arg.rows === s || arg.cols === s),
    );
  }

  private step({ symbol, dim, from }: Step<Source>): string {
    const target = `"${symbol}", ${this.dim(dim)}`;
    const limits = OPS[this.op].limits?.[symbol];
    const solved =
      'dim' in from
        ? `solve(${target}, ${this.dim(from.dim)})`
        : `solve(${target}, ${from.source.arg}, SymbolSpec::${from.source.axis})`;
    if (limits && !('source' in from && from.source.axis !== 'number'))
      throw new Error(`${this.op}: no tensor shows ${symbol}, which has limits`);
    return limits ? `${solved}.within(${limits.join(', ')})` : solved;
  }

  private value(arg: FlatArg, index: number): string {
    if (arg.kind === 'scalar')
      return minOf(this.op, arg) === null ? `v[${index}].number` : `static_cast<int64_t>(v[${index}].number)`;
    if (arg.kind === 'choice') return `static_cast<${enumName(this.op, arg)}>(v[${index}].choice)`;
    return `matrix<${arg.role === 'in' ? 'const ' : ''}${CPP_TYPES[arg.dtype]}>(v[${index}])`;
  }

  /** The constants of an op, and the function that turns checked values into the kernel's argument struct. */
  definitions(): string {
    const name = pascal(this.op);
    const choices = this.args.flatMap((arg) =>
      arg.kind === 'choice'
        ? [
            `constexpr const char* k${valuesName(this.op, arg)}[] = {${arg.values.map((v) => `"${v}"`).join(', ')}};\n`,
          ]
        : [],
    );
    const steps = symbolSteps(this.op).map((step) => `    ${this.step(step)},\n`);
    const equations = equationsOf(this.op).map(
      ({ symbol, dim }) => `    {${this.symbol(symbol)}, ${this.dim(dim)}},\n`,
    );
    const call = `table.${this.op}(context, {${this.args.map((arg, i) => this.value(arg, i)).join(', ')}});`;
    const body = OPS[this.op].returns ? `  return ${call}\n` : `  ${call}\n  return 0;\n`;
    return (
      `${choices.join('')}constexpr ArgSpec k${name}Args[] = {\n` +
      `${this.args.map((arg) => `    ${this.spec(arg)},\n`).join('')}};\n` +
      `constexpr SymbolSpec k${name}Symbols[] = {\n${steps.join('')}};\n` +
      (equations.length ? `constexpr EquationSpec k${name}Equations[] = {\n${equations.join('')}};\n` : '') +
      `double run${name}(const KernelTable& table, Context& context, const Argument* v) {\n${body}}\n`
    );
  }

  /** The op in the list of all ops. */
  entry(): string {
    const name = pascal(this.op);
    const { returns } = OPS[this.op];
    const values = this.args.reduce((sum, arg) => sum + (arg.kind === 'tensor' ? 3 : 1), 0);
    const count = equationsOf(this.op).length;
    const equations = count ? `k${name}Equations, ${count}` : 'nullptr, 0';
    return (
      `constexpr OpSpec k${name}Op = {"${this.op}", k${name}Args, ${this.args.length}, ${values}, ` +
      `k${name}Symbols, ${symbolSteps(this.op).length}, ${equations}, ` +
      `${mayBeDeferred(this.op)}, ${this.rowsArg()}, ${this.seqLenArg()}, ${scheduleOf(this.op) === 'packed'}, ` +
      `${this.mayBeEmpty()}, ${returns === 'number'}, run${name}, ` +
      `0x${opSignature(this.op).toString(16)}u};\n`
    );
  }
}

/** `native/generated/ops/<op>.inl`: what the op requires of its arguments, and how to call its kernel. */
export function opSpec(op: OpName): string {
  const writer = new OpWriter(op);
  return BANNER + writer.definitions() + writer.entry();
}
