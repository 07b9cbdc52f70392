/** Starts the program in a checkout, in a project that depends on it, and where it is installed globally. */
export const PROGRAM = 'npx flashlm';

/** Characters that no shell changes; a `~` at the start of a word is not one of them. */
const PLAIN = /^[\p{L}\p{N}_@%+=:,./-]+$/u;

function quote(value: string): string {
  // What begins with a dash is an option to the program, and what begins with `~` is in the home folder.
  const word = /^[-~]/.test(value) ? `./${value}` : value;
  if (PLAIN.test(word)) return word;
  if (process.platform === 'win32') return `"${word.replaceAll('"', '\\"')}"`;
  return `'${word.replaceAll("'", "'\\''")}'`;
}

type Values = readonly (string | readonly string[])[];

/**
 * A part of a command line. The template's own text is kept; values (names and paths) are quoted where the shell would
 * change them, a list becomes one argument for each of its words.
 */
export function shellWords(template: TemplateStringsArray, ...values: Values): string {
  const words = values.map((value) => [value].flat().map(quote).join(' '));
  return String.raw({ raw: template.raw }, ...words);
}

/** A command line for a person to copy: commandLine`train v61 --data ${files}`. */
export function commandLine(template: TemplateStringsArray, ...values: Values): string {
  return `${PROGRAM} ${shellWords(template, ...values)}`;
}
