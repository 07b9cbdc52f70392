// Text that other programs split into words: variables of the environment as a shell reads them, and rules for make.
import { statSync } from 'node:fs';

/** A word's parts: between single quotes, between double quotes, after a backslash, and plain characters. */
const PARTS = /'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|([^\s'"\\]+)/gsy;

/** The words of `text` as a shell splits it, with its quotes and backslashes; variables are not replaced. */
export function splitWords(text = '') {
  const words = [];
  let at = 0;
  while (at < text.length) {
    let word;
    PARTS.lastIndex = at;
    for (let part = PARTS.exec(text); part; part = PARTS.exec(text)) {
      const [, single, double, escaped, plain] = part;
      word = (word ?? '') + (single ?? double?.replace(/\\(["\\$`])/g, '$1') ?? escaped ?? plain);
      at = PARTS.lastIndex;
    }
    if (word !== undefined) words.push(word);
    // A blank, or a quote that nothing closes.
    else if (/\s/.test(text[at])) at++;
    else words.push(text[at++]);
  }
  return words;
}

/** `ccache g++ -m64` is a program and what it is given; the path of a program may have blanks in it. */
export function programWords(text) {
  return statSync(text, { throwIfNoEntry: false })?.isFile() ? [text] : splitWords(text);
}

/**
 * The files that a make rule `object: file file ...` names, as gcc and clang write them: backslashes are doubled before a
 * blank only, which gets one more.
 */
export function ruleFiles(rule) {
  const files = rule.slice(rule.indexOf(':') + 1).match(/(?:\\[^\r\n]|[^\s\\])+/g) ?? [];
  return files.map((file) =>
    file
      .replace(/(\\*)\\([ \t])/g, (_, doubled, blank) => doubled.slice(doubled.length / 2) + blank)
      .replaceAll('\\#', '#')
      .replaceAll('$$', '$'),
  );
}
