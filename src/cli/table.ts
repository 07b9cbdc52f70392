export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
}

/** Columns two blanks apart, no rules, nothing after the last character of a line. The first line holds the titles. */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const lines = [columns.map((column) => column.title), ...rows];
  const widths = columns.map((_, i) => Math.max(...lines.map((line) => line[i]!.length)));
  return lines.map((line) =>
    line
      .map((cell, i) => (columns[i]!.align === 'left' ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join('  ')
      .trimEnd(),
  );
}

/** Lines `name  value`, the values below each other. */
export function formatPairs(
  pairs: readonly (readonly [name: string, value: string])[],
  indent = '',
): string[] {
  const width = Math.max(...pairs.map(([name]) => name.length));
  return pairs.map(([name, value]) => `${indent}${name.padEnd(width)}  ${value}`);
}
