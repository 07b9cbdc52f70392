// The arithmetic of recipes: `2*$d`, `0.9*$index/($times-1)`, `0.5x`. Four operators over numbers and names are sixty
// lines; libraries for expressions bring functions, strings and property access, which a recipe must not have.

/** Values by name, without the `$`. The columns that come in are called `COLUMNS`. */
export type Values = ReadonlyMap<string, number>;

/** What `2x` multiplies. No name can be that: it has no `$`. */
export const COLUMNS = 'x';

/** The names that only a layer's position gives a value: its columns in, and its place in the nearest `repeat`. */
export const POSITIONAL: readonly string[] = [COLUMNS, 'index', 'times'];

export const NAME = /^[A-Za-z][A-Za-z0-9_]*$/;

/** Whether a text in place of a number is meant as a formula. */
export function isFormula(text: string): boolean {
  return text.includes('$') || (/^[-(\d.]/.test(text) && /^[-+*/().\dx\s]*$/.test(text));
}

export interface Formula {
  /** The names it uses, each once; `COLUMNS` for `2x`. */
  readonly names: readonly string[];
  /** @throws FormulaError for a division by 0. Every name must have a value. */
  value(values: Values): number;
}

/** Says what is wrong with a formula. */
export class FormulaError extends Error {}

/** @throws FormulaError for what is not a formula. */
export function parseFormula(text: string): Formula {
  const parser = new Parser(text);
  const value = parser.whole();
  return { names: [...parser.names], value: (values) => wholeIfNear(value(values)) };
}

/** `text` with values in place of those names that have one. */
export function substitute(text: string, values: ReadonlyMap<string, number | string>): string {
  return text.replace(/\$([A-Za-z]\w*)/g, (written, name: string) => {
    const value = values.get(name);
    if (value === undefined) return written;
    const plain = typeof value === 'number' ? value >= 0 : /^(\$?\w+|\d*\.?\d+x?)$/.test(value);
    return plain ? String(value) : `(${value})`;
  });
}

type Node = (values: Values) => number;

const MAX_LENGTH = 200;

class Parser {
  readonly names = new Set<string>();
  private readonly tokens: readonly string[];
  private next = 0;

  constructor(text: string) {
    if (text.length > MAX_LENGTH) throw new FormulaError(`has more than ${MAX_LENGTH} characters`);
    this.tokens = text.match(/\$\w*|\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|[A-Za-z]\w*|\S/g) ?? [];
  }

  whole(): Node {
    const value = this.sum();
    if (this.next < this.tokens.length)
      throw new FormulaError(`has '${this.tokens[this.next]}' after its end`);
    return value;
  }

  private sum(): Node {
    let left = this.product();
    for (let op = this.take('+', '-'); op; op = this.take('+', '-')) {
      const [a, b] = [left, this.product()];
      left = op === '+' ? (v) => a(v) + b(v) : (v) => a(v) - b(v);
    }
    return left;
  }

  private product(): Node {
    let left = this.factor();
    for (let op = this.take('*', '/'); op; op = this.take('*', '/')) {
      const [a, b] = [left, this.factor()];
      left = op === '*' ? (v) => a(v) * b(v) : (v) => divide(a(v), b(v));
    }
    return left;
  }

  private factor(): Node {
    if (this.take('-')) {
      const value = this.factor();
      return (v) => -value(v);
    }
    if (this.take('(')) {
      const value = this.sum();
      if (!this.take(')')) throw new FormulaError("lacks a ')'");
      return value;
    }
    const token = this.tokens[this.next++];
    if (token === undefined) throw new FormulaError('ends too early');
    if (token.startsWith('$')) {
      const name = token.slice(1);
      if (!NAME.test(name)) throw new FormulaError("has '$' without a name after it");
      return this.named(name);
    }
    if (!/^\.?\d/.test(token)) throw new FormulaError(`has '${token}' where a number or a name is expected`);
    const number = Number(token);
    if (!this.take(COLUMNS)) return () => number;
    const columns = this.named(COLUMNS);
    return (v) => number * columns(v);
  }

  private named(name: string): Node {
    this.names.add(name);
    return (values) => values.get(name)!;
  }

  private take(...tokens: readonly string[]): string | undefined {
    const token = this.tokens[this.next];
    if (token === undefined || !tokens.includes(token)) return undefined;
    this.next++;
    return token;
  }
}

function divide(a: number, b: number): number {
  if (b === 0) throw new FormulaError('divides by 0');
  return a / b;
}

/** `0.7*10` is 7: what rounding alone keeps from being whole is whole. */
function wholeIfNear(value: number): number {
  const whole = Math.round(value);
  return whole !== 0 && Math.abs(value - whole) <= 4 * Number.EPSILON * Math.abs(whole) ? whole : value;
}
