export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
}

/** Where lines are shown: so many characters wide, or as wide as they come where `columns` is undefined (a pipe, a file). */
export interface Page {
  readonly columns?: number | undefined;
}

const GAP = '  ';
/** Text is cut down to so many characters before numbers lose their titles. */
const MIN_TEXT = 8;
const CUT = '…';

/**
 * Columns two blanks apart, no rules, nothing after the last character of a line. The first line holds the titles. A table that
 * is wider than the page is cut: first the longest texts, then titles of numbers, numbers only where nothing else is left.
 */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  page: Page = {},
): string[] {
  const lines = [columns.map((column) => column.title), ...rows];
  const widths = fitWidths(columns, lines, page.columns ?? Number.POSITIVE_INFINITY);
  return lines.map((line) => {
    const cells = line.map((cell, i) => {
      const text = cutMiddle(cell, widths[i]!);
      return columns[i]!.align === 'left' ? text.padEnd(widths[i]!) : text.padStart(widths[i]!);
    });
    return cut(cells.join(GAP).trimEnd(), page.columns ?? Number.POSITIVE_INFINITY);
  });
}

function fitWidths(
  columns: readonly Column[],
  lines: readonly (readonly string[])[],
  page: number,
): number[] {
  const longest = (of: readonly (readonly string[])[], i: number): number =>
    Math.max(0, ...of.map((line) => line[i]!.length));
  const widths = columns.map((_, i) => longest(lines, i));
  const least = columns.map(({ align }, i) =>
    align === 'left' ? Math.min(MIN_TEXT, widths[i]!) : longest(lines.slice(1), i),
  );
  let excess = widths.reduce((sum, width) => sum + width, GAP.length * (columns.length - 1)) - page;
  for (const align of ['left', 'right'] as const) {
    while (excess > 0) {
      const shrinkable = columns.flatMap((column, i) =>
        column.align === align && widths[i]! > least[i]! ? [i] : [],
      );
      if (shrinkable.length === 0) break;
      const widest = shrinkable.reduce((a, b) => (widths[b]! > widths[a]! ? b : a));
      widths[widest]!--;
      excess--;
    }
  }
  return widths;
}

/** Paths of layers differ in their last part. */
function cutMiddle(text: string, width: number): string {
  if (text.length <= width) return text;
  const tail = Math.max(0, width - 1) >> 1;
  return `${text.slice(0, Math.max(0, width - 1 - tail))}${CUT}${tail ? text.slice(-tail) : ''}`;
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}${CUT}`;
}

/** Lines `name  value`, the values below each other; a value that is wider than the page continues below itself. */
export function formatPairs(
  pairs: readonly (readonly [name: string, value: string])[],
  { columns }: Page = {},
  indent = '',
): string[] {
  const width = Math.max(...pairs.map(([name]) => name.length));
  const margin = indent.length + width + GAP.length;
  const room = columns === undefined ? Number.POSITIVE_INFINITY : Math.max(columns - margin, 20);
  return pairs.flatMap(([name, value]) =>
    wrap(value, room).map((line, i) =>
      i === 0 ? `${indent}${name.padEnd(width)}${GAP}${line}` : `${' '.repeat(margin)}${line}`,
    ),
  );
}

/** Words on lines of at most `width` characters; a longer word has a line to itself, so that it can be copied. */
function wrap(text: string, width: number): string[] {
  if (text.length <= width) return [text];
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
