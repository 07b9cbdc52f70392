// The algebra of dimensions: the only place where `'M+1'` is read. It knows no ops; see op-dims.ts for those.

/** A dimension of a tensor: a number, a symbol, or a sum of products of both, as in `'M+1'`, `'2*D'`, `'H*E+2*G*E'`. */
export type Dim = string | number;

/** Values of symbols. */
export type Dims = Readonly<Record<string, number>>;

/** `factor` times the product of all `symbols`; a constant has none. */
export interface Term {
  readonly factor: number;
  readonly symbols: readonly string[];
}

const SYMBOL = /^[A-Z][A-Za-z0-9]*$/;
const NUMBER = /^\d+$/;

const parsed = new Map<Dim, readonly Term[]>();

/**
 * The terms that a dimension is the sum of.
 * @throws Error for a text that is not such a sum.
 */
export function termsOf(dim: Dim): readonly Term[] {
  let terms = parsed.get(dim);
  if (!terms) {
    terms = typeof dim === 'number' ? [{ factor: dim, symbols: [] }] : dim.split('+').map(parseTerm);
    parsed.set(dim, terms);
  }
  return terms;
}

function parseTerm(text: string): Term {
  const factors = text.split('*').map((factor) => factor.trim());
  const wrong = factors.find((factor) => !SYMBOL.test(factor) && !NUMBER.test(factor));
  if (wrong !== undefined)
    throw new Error(`'${wrong}' is neither a symbol nor a number in the dimension '${text}'`);
  const symbols = factors.filter((factor) => SYMBOL.test(factor));
  const factor = factors.filter((each) => NUMBER.test(each)).reduce((all, each) => all * Number(each), 1);
  return { factor, symbols };
}

/** The symbols of a dimension, each once. */
export function symbolsIn(dim: Dim): string[] {
  return [...new Set(termsOf(dim).flatMap(({ symbols }) => symbols))];
}

/** Whether a dimension depends on `symbol`. */
export const hasSymbol = (dim: Dim, symbol: string): boolean => symbolsIn(dim).includes(symbol);

/** A dimension's value; NaN where a symbol has none. */
export function sizeOf(dim: Dim, dims: Dims): number {
  if (typeof dim === 'number') return dim;
  return termsOf(dim).reduce((sum, { factor, symbols }) => sum + factor * productOf(symbols, dims), 0);
}

function productOf(symbols: readonly string[], dims: Dims): number {
  return symbols.reduce((product, symbol) => product * (dims[symbol] ?? Number.NaN), 1);
}

/** `symbol = dim`, as in `M = S*T`: the symbol follows from the others. */
export interface Equation {
  readonly symbol: string;
  readonly dim: Dim;
}

/** @throws Error for a text that is not `symbol = dimension`. */
export function parseEquation(text: string): Equation {
  const [symbol = '', dim = '', ...more] = text.split('=').map((side) => side.trim());
  if (!SYMBOL.test(symbol) || more.length > 0) throw new Error(`'${text}' is not 'symbol = dimension'`);
  termsOf(dim);
  return { symbol, dim };
}

/** Something that a dimension is equal to: what is read from `source`, or another dimension. */
export interface Relation<S> {
  readonly dim: Dim;
  readonly from: { readonly source: S } | { readonly dim: Dim };
}

/** An equation read both ways. */
export const relationsOf = ({ symbol, dim }: Equation): readonly Relation<never>[] => [
  { dim: symbol, from: { dim } },
  { dim, from: { dim: symbol } },
];

/** A relation in which `symbol` occurs once and all other symbols are known by the time it is used. */
export interface Step<S> extends Relation<S> {
  readonly symbol: string;
}

/**
 * The steps that give every symbol its value by plain substitution. Each step uses the first relation that lacks exactly
 * one symbol. Symbols that no relation determines get no step.
 */
export function planSteps<S>(relations: readonly Relation<S>[], given: readonly string[] = []): Step<S>[] {
  const known = new Set(given);
  const stepFrom = ({ dim, from }: Relation<S>): Step<S>[] => {
    if ('dim' in from && !symbolsIn(from.dim).every((symbol) => known.has(symbol))) return [];
    const unknown = termsOf(dim).flatMap(({ symbols }) => symbols.filter((symbol) => !known.has(symbol)));
    return unknown.length === 1 ? [{ symbol: unknown[0]!, dim, from }] : [];
  };
  const steps: Step<S>[] = [];
  for (;;) {
    const step = relations.flatMap(stepFrom)[0];
    if (!step) return steps;
    known.add(step.symbol);
    steps.push(step);
  }
}

/**
 * The value of `symbol` for which `dim` is `size`, all other symbols known. It is fractional, negative or NaN where no
 * size fits; see `isSize`.
 */
export function solve(symbol: string, dim: Dim, size: number, dims: Dims): number {
  let [factor, rest] = [0, 0];
  for (const term of termsOf(dim)) {
    const others = term.symbols.filter((each) => each !== symbol);
    const value = term.factor * productOf(others, dims);
    if (others.length < term.symbols.length) factor += value;
    else rest += value;
  }
  // No sequences of no rows: any size fits, and 0 is the one that allocates nothing.
  if (factor === 0 && size === rest) return 0;
  return (size - rest) / factor;
}

/** The value that a step gives its symbol; `read` gives the value of a source. */
export function stepValue<S>(
  { symbol, dim, from }: Step<S>,
  read: (source: S) => number,
  dims: Dims,
): number {
  return solve(symbol, dim, 'dim' in from ? sizeOf(from.dim, dims) : read(from.source), dims);
}

/** Whether a value can be a size. */
export const isSize = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
