/** Inputs that once broke something, by target: tried again in every run of the suite. `npm run fuzz` prints them. */
export const REGRESSIONS: readonly (readonly [target: string, input: unknown])[] = [
  ['recipe: extends, plugins and other paths', { files: [{ extends: 'traps/link to itself', rest: '' }] }],
  ['recipe: extends, plugins and other paths', { files: [{ extends: 'a\0b', rest: '' }] }],
  ['recipe: text', Buffer.from('model:\n  - embedding: { vocab: 512, dim: 64 }\n  -')],
  ['command line', ['data', '--data=\u001b[2J']],
  ['command line', ['data', 'text.txt', '\u001b[2J', '\u001b[2J']],
  ['tokenizer.json', Buffer.from('['.repeat(50_000) + ']'.repeat(50_000))],
  ['run directory', { traps: [[5, 'huge']] }],
];
