/**
 * The name that `wrong` was probably meant to be: the one at the smallest edit distance, as long as about a third of the
 * letters or fewer are wrong, else one that begins with it. Undefined where nothing is near.
 */
export function nearest(wrong: string, names: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = Math.max(1, Math.floor(wrong.length / 3)) + 1;
  // A name far longer than any of ours is near to none, and comparing it would take time.
  if (wrong.length > 64) return undefined;
  for (const name of names) {
    const distance = editDistance(wrong.toLowerCase(), name.toLowerCase());
    if (distance < least) [best, least] = [name, distance];
  }
  return best ?? (wrong.length >= MIN_BEGINNING ? beginning(wrong.toLowerCase(), names) : undefined);
}

/** With fewer letters too many names would begin like it. */
const MIN_BEGINNING = 4;

/** The shortest of the names that go on where `wrong` ends: `checked` for `check`. */
function beginning(wrong: string, names: Iterable<string>): string | undefined {
  const longer = [...names].filter((name) => name.toLowerCase().startsWith(wrong));
  return longer.sort((a, b) => a.length - b.length)[0];
}

/** Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b` (Damerau 1964). */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row[j] = Math.min(replaced, last[j]! + 1, row[j - 1]! + 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) row[j] = Math.min(row[j]!, beforeLast[j - 2]! + 1);
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length]!;
}
