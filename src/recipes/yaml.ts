import {
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  Parser,
} from 'yaml';
import type { Entry, Place, RecipeIssue, Scalar, Tree } from '../core/recipe-tree.ts';
import { RecipeError } from './errors.ts';

/** A recipe is a page of text: whatever goes past these is a mistake or an attack (aliases can double at each use). */
export const MAX_BYTES = 1_000_000;
const MAX_DEPTH = 64;
const MAX_VALUES = 20_000;
/** Pieces of syntax; a value with its indentation, punctuation and comment has fewer than ten. */
const MAX_TOKENS = 10 * MAX_VALUES;

/** Where the text comes from: turns a position (both from 1) into a place. */
export type Locate = (line: number, column: number) => Place;

/**
 * Parses YAML 1.2 to a tree. `issues` are mistakes that leave the rest as it was meant: it can be checked further.
 * @throws RecipeError with every mistake in the syntax after which nothing is certain.
 */
export function parseYaml(
  text: string,
  locate: Locate,
): { readonly tree: Tree; readonly issues: readonly RecipeIssue[] } {
  return new YamlReader(text, locate).read();
}

class YamlReader {
  private readonly lines = new LineCounter();
  private readonly issues: RecipeIssue[] = [];
  private readonly anchors = new Map<string, unknown>();
  private values = 0;
  /** A value or a key could not be read: what is said of the rest might follow from that. */
  private isIncomplete = false;

  constructor(
    private readonly text: string,
    private readonly locate: Locate,
  ) {}

  read(): { tree: Tree; issues: readonly RecipeIssue[] } {
    if (this.text.length > MAX_BYTES) throw this.stop(0, `the text is larger than ${MAX_BYTES / 1e6} MB`);
    // Keys are compared while the tree is made: the library's own check takes time with the square of their number.
    const options = {
      lineCounter: this.lines,
      prettyErrors: false,
      uniqueKeys: false,
      schema: 'core',
    } as const;
    const documents: Document.Parsed[] = [];
    for (const d of new Composer(options).compose(this.tokens(), true, this.text.length)) {
      documents.push(d as Document.Parsed);
    }
    const document = documents[0]!;
    // What follows a tab is read as something else than was meant.
    const tab = document.errors.find(({ code }) => code === 'TAB_AS_INDENT');
    if (tab) throw this.stop(tab.pos[0], 'this line is indented by a tab; YAML is indented by spaces');
    for (const { message, pos } of document.errors) this.report(pos[0], message);
    if (this.issues.length > 0) throw new RecipeError(this.issues);
    if (documents.length > 1)
      this.report(documents[1]!.range[0], 'a second document begins; a recipe is one');
    const tree = this.convert(document.contents, 0, 0);
    if (this.isIncomplete) throw new RecipeError(this.issues);
    return { tree, issues: this.issues };
  }

  /** The parser keeps its own stack, but what comes after it calls itself once for every level. */
  private *tokens(): Generator<CST.Token> {
    const parser = new Parser(this.lines.addNewLine);
    this.lines.addNewLine(0);
    let count = 0;
    for (const lexeme of new Lexer().lex(this.text)) {
      if (++count > MAX_TOKENS) throw this.tooMany(parser.offset);
      yield* parser.next(lexeme);
      if (parser.stack.length > 2 * MAX_DEPTH)
        throw this.stop(parser.offset, 'too many levels inside each other');
    }
    yield* parser.end();
  }

  private convert(node: unknown, depth: number, offset: number): Tree {
    const at = (node as { range?: readonly number[] } | null)?.range?.[0] ?? offset;
    if (++this.values > MAX_VALUES) throw this.tooMany(at);
    if (depth > MAX_DEPTH) throw this.stop(at, 'too many levels inside each other');
    if (isAlias(node)) {
      const target = this.anchors.get(node.source);
      if (target) return this.convert(target, depth + 1, at);
      this.lose(at, `there is no anchor '&${node.source}' above`);
      return this.scalar(at, null);
    }
    const { tag, anchor } = (node ?? {}) as { tag?: string; anchor?: string };
    if (tag) this.report(at, `tags are not used in recipes, found ${tag}`);
    if (anchor) this.anchors.set(anchor, node);
    if (isMap(node))
      return { kind: 'map', place: this.place(at), entries: this.entries(node.items, depth, at) };
    if (isSeq(node)) {
      const items = node.items.map((item) => this.convert(item, depth + 1, at));
      return { kind: 'list', place: this.place(at), items };
    }
    const value = isScalar(node) ? node.value : null;
    if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) {
      return this.scalar(at, value as Scalar);
    }
    this.lose(at, 'only text, numbers, true, false and null are used in recipes');
    return this.scalar(at, null);
  }

  private entries(
    pairs: readonly { readonly key: unknown; readonly value: unknown }[],
    depth: number,
    offset: number,
  ): Map<string, Entry> {
    const entries = new Map<string, Entry>();
    for (const { key, value } of pairs) {
      const at = (key as { range?: readonly number[] } | null)?.range?.[0] ?? offset;
      if (!isScalar(key) || key.value === null) {
        this.lose(at, 'a key must be plain text');
        continue;
      }
      const name = String(key.value);
      const first = entries.get(name);
      if (first) {
        this.report(at, `duplicate key '${name}'; the first is on line ${first.place.line}`);
        continue;
      }
      entries.set(name, { place: this.place(at), value: this.convert(value, depth + 1, at) });
    }
    return entries;
  }

  private scalar(offset: number, value: Scalar): Tree {
    return { kind: 'scalar', place: this.place(offset), value };
  }

  private place(offset: number): Place {
    const { line, col } = this.lines.linePos(offset);
    return this.locate(Math.max(1, line), Math.max(1, col));
  }

  private report(offset: number, message: string): void {
    this.issues.push({ place: this.place(offset), message });
  }

  private lose(offset: number, message: string): void {
    this.report(offset, message);
    this.isIncomplete = true;
  }

  private tooMany(offset: number): RecipeError {
    return this.stop(
      offset,
      `more than ${MAX_VALUES.toLocaleString('en')} values, aliases counted each time`,
    );
  }

  private stop(offset: number, message: string): RecipeError {
    this.report(offset, message);
    return new RecipeError(this.issues);
  }
}
