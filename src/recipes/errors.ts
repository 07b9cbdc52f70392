import { FlashError } from '../core/errors.ts';
import type { Place, RecipeIssue } from '../core/recipe-tree.ts';

/** Where mistakes are collected. */
export interface MistakeList {
  readonly issues: RecipeIssue[];
  report(place: Place, message: string): void;
}

const MAX_SHOWN = 20;

/** Everything that is wrong with a recipe, in the order of its places. */
export class RecipeError extends FlashError {
  readonly issues: readonly RecipeIssue[];

  constructor(issues: readonly RecipeIssue[], cause?: unknown) {
    const sorted = inOrder(issues);
    const shown = sorted.slice(0, MAX_SHOWN).map(line);
    const rest = sorted.length - shown.length;
    super([...shown, ...(rest > 0 ? [`and ${rest} more`] : [])].join('\n'), { exitCode: 2, cause });
    this.name = 'RecipeError';
    this.issues = sorted;
  }
}

function line({ place, message, nearest }: RecipeIssue): string {
  const where = place.text && `${place.text}: `;
  return `${where}${message}${nearest === undefined ? '' : `; did you mean '${nearest}'?`}`;
}

/** File by file in the order in which they are named, each from its top; the same mistake is reported once. */
function inOrder(issues: readonly RecipeIssue[]): RecipeIssue[] {
  const files = new Map<string, Map<string, RecipeIssue>>();
  for (const issue of issues) {
    const file = files.get(issue.place.source) ?? new Map<string, RecipeIssue>();
    files.set(issue.place.source, file.set(line(issue), issue));
  }
  return [...files.values()].flatMap((file) =>
    [...file.values()].sort((a, b) => a.place.line - b.place.line || a.place.column - b.place.column),
  );
}
