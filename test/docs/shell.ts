/** One command of a shell line: its words, quotes removed. Comments and redirections are left out. */
export type Words = readonly string[];

const WORD = /\s*(?:(#.*)|(&&|;|\||>)|((?:"[^"]*"|'[^']*'|[^\s"';|>&#]|(?<=\S)#)+))/y;

/** The commands of a line, between `&&`, `;` and `|`. */
export function commandsOf(line: string): Words[] {
  const commands: string[][] = [[]];
  let isTarget = false;
  WORD.lastIndex = 0;
  for (let match = WORD.exec(line); match; match = WORD.exec(line)) {
    const [, comment, operator, word] = match;
    if (comment) break;
    if (operator && operator !== '>') commands.push([]);
    if (word && !isTarget) commands.at(-1)!.push(word.replaceAll(/"([^"]*)"|'([^']*)'/g, '$1$2'));
    isTarget = operator === '>';
  }
  return commands.filter((words) => words.length > 0);
}
