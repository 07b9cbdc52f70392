import { opTableSignature } from '../src/backends/native/signature.ts';
import type { OpName } from '../src/core/kernels.ts';
import { type FlatArg, flatArgs } from '../src/core/ops/calls.ts';
import { type Dim, OP_NAMES, OPS, type TensorArg } from '../src/core/ops/table.ts';
import { BANNER, CPP_TYPES, enumName, pascal, valuesName } from './cpp-names.ts';

/** An int8 dot product stays within 32 bits up to this many columns, also where codes are shifted to 0..255. */
const MOST_INTEGER_COLUMNS = 2 ** 22;

interface Owner {
  readonly name: string;
  readonly arg: number;
  readonly axis: 'rows' | 'cols' | 'number';
}

/** Symbols of an op, each with the argument it is read from: a plain input where there is one, because a caller
 * thinks of inputs as given and of the rest as having to fit. */
function symbols(args: readonly FlatArg[]): Owner[] {
  const rank = (arg: FlatArg): number => (arg.kind === 'tensor' ? Number(arg.role !== 'in') : 0);
  const owners = new Map<string, Owner>();
  const inOrder = args.map((arg, index) => ({ arg, index })).sort((a, b) => rank(a.arg) - rank(b.arg));
  const claim = (name: Dim | undefined, index: number, axis: Owner['axis']) => {
    if (typeof name === 'string' && !name.includes('+') && !owners.has(name))
      owners.set(name, { name, arg: index, axis });
  };
  for (const { arg, index } of inOrder) {
    if (arg.kind === 'scalar') claim(arg.symbol, index, 'number');
    if (arg.kind !== 'tensor' || arg.optional) continue;
    claim(arg.rows, index, 'rows');
    if (!arg.packs) claim(arg.cols, index, 'cols');
  }
  return [...owners.values()];
}

class OpWriter {
  private readonly args: readonly FlatArg[];
  private readonly owners: Owner[];

  constructor(private readonly op: OpName) {
    this.args = flatArgs(op);
    this.owners = symbols(this.args);
  }

  private symbol(name: string): number {
    const index = this.owners.findIndex((owner) => owner.name === name);
    if (index < 0) throw new Error(`${this.op}: no argument gives the symbol ${name} its value`);
    return index;
  }

  private dim(dim: Dim): string {
    if (typeof dim === 'number') return `fixed(${dim})`;
    const [name, plus] = dim.split('+') as [string, string?];
    return plus ? `symbol(${this.symbol(name)}, ${plus})` : `symbol(${this.symbol(name)})`;
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
    else if (arg.role !== 'in') text += '.update()';
    if (arg.optional) text += '.optional()';
    if (below) text += `.below(${this.symbol(below)})`;
    if (this.args.some((other) => other.kind === 'tensor' && other.offsetsInto === arg.rows))
      text += `.entriesOf(${this.find('offsets', (other) => other.offsetsInto === arg.rows)})`;
    if (offsetsInto) text += `.offsetsInto(${this.symbol(offsetsInto)})`;
    if (packs) {
      const [rows, columns] = packs;
      const isCodes = (o: TensorArg) => o.dtype === 'i8' && o.rows === rows && o.cols === columns;
      text += `.packs(${this.find('codes that are packed', isCodes)})`;
    }
    if (OPS[this.op].integer && arg.dtype === 'i8') text += `.atMostCols(${MOST_INTEGER_COLUMNS})`;
    for (const name of arg.mayAlias ?? [])
      text += `.alias(${this.find(name, (other) => other.name === name)})`;
    return text;
  }

  private spec(arg: FlatArg): string {
    if (arg.kind === 'tensor') return this.tensor(arg);
    if (arg.kind === 'scalar') return `scalar("${arg.name}")${arg.symbol || arg.whole ? '.whole()' : ''}`;
    return `choice("${arg.name}", k${valuesName(this.op, arg)})`;
  }

  private value(arg: FlatArg, index: number): string {
    if (arg.kind === 'scalar')
      return arg.symbol || arg.whole ? `static_cast<int64_t>(v[${index}].number)` : `v[${index}].number`;
    if (arg.kind === 'choice') return `static_cast<${enumName(this.op, arg)}>(v[${index}].choice)`;
    return `matrix<${arg.role === 'in' ? 'const ' : ''}${CPP_TYPES[arg.dtype]}>(v[${index}])`;
  }

  /** Constants and the function that turns checked values into the kernel's struct of arguments. */
  definitions(): string {
    const name = pascal(this.op);
    const choices = this.args.flatMap((arg) =>
      arg.kind === 'choice'
        ? [
            `constexpr const char* k${valuesName(this.op, arg)}[] = {${arg.values.map((v) => `"${v}"`).join(', ')}};\n`,
          ]
        : [],
    );
    const owners = this.owners.map(
      ({ arg, axis, name: label }) => `    {${arg}, SymbolSpec::${axis}},  // ${label}\n`,
    );
    const call = `table.${this.op}(context, {${this.args.map((arg, i) => this.value(arg, i)).join(', ')}});`;
    const body = OPS[this.op].returns ? `  return ${call}\n` : `  ${call}\n  return 0;\n`;
    return (
      `${choices.join('')}constexpr ArgSpec k${name}Args[] = {\n` +
      `${this.args.map((arg) => `    ${this.spec(arg)},\n`).join('')}};\n` +
      `constexpr SymbolSpec k${name}Symbols[] = {\n${owners.join('')}};\n` +
      `double run${name}(const KernelTable& table, Context& context, const Argument* v) {\n${body}}\n`
    );
  }

  /** The entry in the list of all ops. */
  entry(): string {
    const name = pascal(this.op);
    const { product, returns, rowwise, packsRows, mayBeZero } = OPS[this.op];
    const values = this.args.reduce((sum, arg) => sum + (arg.kind === 'tensor' ? 3 : 1), 0);
    const factors = (product ?? []).map((s) =>
      this.owners.some((owner) => owner.name === s) ? this.symbol(s) : 'kNone',
    );
    const list = product ? factors.join(', ') : 'kNone, kNone, kNone';
    return (
      `    {"${this.op}", k${name}Args, ${this.args.length}, ${values}, k${name}Symbols, ${this.owners.length}, ` +
      `{${list}}, ${rowwise || packsRows ? this.symbol('M') : 'kNone'}, ${packsRows ?? false}, ${mayBeZero !== undefined}, ${returns === 'number'}, ` +
      `run${name}},\n`
    );
  }
}

/** `native/generated/ops.inl`: what every op demands of its arguments, and how to call its kernel. */
export function opSpecs(): string {
  const writers = OP_NAMES.map((op) => new OpWriter(op));
  return `${BANNER}constexpr char kSignature[] = "${opTableSignature()}";

${writers.map((writer) => writer.definitions()).join('\n')}
constexpr OpSpec kOps[] = {
${writers.map((writer) => writer.entry()).join('')}};
`;
}
