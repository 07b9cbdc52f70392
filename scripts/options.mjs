import process from 'node:process';
import { parseArgs } from 'node:util';

/**
 * `parseArgs` for a script a person runs: --help prints `usage`, and what is wrong is said in a line with it, not with a
 * stack. `wrong(values, positionals)` may return what else is wrong.
 */
export function readOptions(usage, config, wrong = () => undefined) {
  try {
    const options = { ...config.options, help: { type: 'boolean' } };
    const { values, positionals } = parseArgs({ ...config, options });
    if (values.help) {
      console.log(usage);
      process.exit(0);
    }
    const mistake = wrong(values, positionals);
    if (mistake) throw new Error(mistake);
    return { values, positionals };
  } catch (error) {
    console.error(`${error.message.split('. To specify')[0]}\n${usage}`);
    return process.exit(2);
  }
}
