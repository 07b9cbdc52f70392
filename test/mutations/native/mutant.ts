/**
 * A fault in the native code. All of them are compiled into one build and chosen at run time, so the sources are not
 * changed: each fault names the text that it replaces.
 */
export interface NativeMutant {
  readonly id: string;
  /** One sentence: what is wrong. */
  readonly fault: string;
  /** Relative to `native/`. */
  readonly file: string;
  /** Code that occurs in the file once, in any layout. «…» marks the part that is replaced: an expression, or whole statements. */
  readonly at: string;
  /** What runs in its place. With `MUTANT`, the condition, it is the whole text for both: where C++ wants a constant. */
  readonly wrong: string;
  /** It may write where it must not, so that nothing after it in the same process means anything. */
  readonly corrupts?: true;
  /** It takes effect when the addon is loaded, or is caught by processes that a suite starts. */
  readonly onLoad?: true;
  /** Why no test can see it; such a mutant is not run. */
  readonly equivalent?: string;
}

interface Edit {
  readonly mutant: NativeMutant;
  /** What chooses it; 0 is the code as it is. */
  readonly number: number;
  readonly begin: number;
  readonly end: number;
}

function locate(text: string, mutant: NativeMutant, number: number): Edit {
  const fail = (what: string): never => {
    throw new Error(`mutant ${mutant.id} is out of date: ${what} (native/${mutant.file})`);
  };
  const parts = mutant.at.split(/[«»]/);
  if (parts.length !== 3) fail('`at` must mark one part with «»');
  const [before, marked, after] = parts.map(inAnyLayout);
  const places = [...text.matchAll(new RegExp(`${before}\\s*(${marked})\\s*${after}`, 'dg'))];
  const whole = parts.join('');
  if (places.length === 0) fail(`there is no '${whole}'`);
  if (places.length > 1) fail(`'${whole}' occurs more than once`);
  const [begin, end] = places[0]!.indices![1]!;
  return { mutant, number, begin, end };
}

/** A pattern for code, wherever its lines break. */
function inAnyLayout(code: string): string {
  const tokens = code.match(/\w+|[^\w\s]/g) ?? [];
  return tokens
    .map((token, i) => {
      const isWordAfterWord = i > 0 && /^\w/.test(token) && /\w$/.test(tokens[i - 1]!);
      return `${i === 0 ? '' : isWordAfterWord ? '\\s+' : '\\s*'}${token.replace(/\W/, '\\$&')}`;
    })
    .join('');
}

/** `right`, or what the edit does in its place when it is chosen. */
function choice({ mutant, number }: Edit, right: string): string {
  const isChosen = `(flashlm_mutant == ${number})`;
  if (mutant.wrong.includes('MUTANT')) return mutant.wrong.replaceAll('MUTANT', isChosen);
  if (/[;}]\s*$/.test(right)) return `{ if ${isChosen} { ${mutant.wrong} } else { ${right} } }`;
  return `(${isChosen} ? ${mutant.wrong} : ${right})`;
}

/** A file of the sources with those of `mutants` that are in it; a mutant's number is its place in the list, from 1. */
export function mutated(file: string, text: string, mutants: readonly NativeMutant[]): string {
  const edits = mutants
    .flatMap((mutant, i) => (mutant.file === file ? [locate(text, mutant, i + 1)] : []))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
  let result = '';
  let at = 0;
  for (let i = 0; i < edits.length; ) {
    const { begin, end } = edits[i]!;
    if (begin < at) throw new Error(`mutants ${edits[i - 1]!.mutant.id} and ${edits[i]!.mutant.id} overlap`);
    let replaced = text.slice(begin, end);
    for (; edits[i]?.begin === begin && edits[i]!.end === end; i++) replaced = choice(edits[i]!, replaced);
    result += text.slice(at, begin) + replaced;
    at = end;
  }
  return result + text.slice(at);
}
