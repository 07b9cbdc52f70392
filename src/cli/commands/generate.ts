import { setImmediate } from 'node:timers/promises';
import { InvalidArgumentError, Option } from 'commander';
import { documentMarker } from '../../app/document-marker.ts';
import { streamText, type WritingOptions } from '../../app/generate-text.ts';
import { loadTrained, type Trained } from '../../app/trained.ts';
import { commandLine } from '../../core/command-line.ts';
import { DOCUMENT_MARKER } from '../../data/corpus.ts';
import { readPrompts } from '../../data/prompts.ts';
import type { CliCommand } from '../command.ts';
import { formatPlural, printable } from '../format.ts';
import { printTexts } from '../many-texts.ts';
import { namedRun, RUN_ARGUMENT } from '../named-run.ts';
import { addBackendOptions, numberAtLeast, path, positive, wholeNumber } from '../options.ts';
import { babbleNote } from '../reporters/run-summary.ts';
import { TaskProgress } from '../reporters/task-progress.ts';
import type { Terminal } from '../terminal.ts';
import { settings } from '../train-settings.ts';

interface GenerateOptions {
  readonly prompt?: string;
  readonly prompts?: string;
  readonly textField?: string;
  readonly count?: number;
  readonly batch?: number | 'auto';
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly minP?: number;
  readonly repetitionPenalty?: number;
  readonly stop?: readonly string[];
  readonly seed?: number;
  readonly maxTokens?: number;
  readonly threads?: number;
  readonly backend?: string;
  readonly json?: boolean;
}

export const generate: CliCommand = {
  examples: [
    commandLine`generate runs/v6.1-supernova-ii-20260101-120000`,
    commandLine`generate runs/a --prompt "The little dog" --temperature 0.7 --top-k 40 --seed 7 --max-tokens 200`,
    commandLine`generate runs/a --prompts prompts.txt --count 3 --json`,
  ],
  define(command, terminal) {
    command
      .argument('<run>', RUN_ARGUMENT, path)
      .option('--prompt <text>', "what the text begins with (default: the recipe's, as for all of these)")
      .addOption(
        new Option(
          '--prompts <file>',
          'write a text for each line of this file, or entry of JSON lines or an array',
        )
          .argParser(path)
          .conflicts('prompt'),
      )
      .option('--text-field <name>', 'the field of JSON records that holds the prompt (default: text)')
      .option(
        '--count <n>',
        'texts of each prompt; text i has the seed plus i (default: 1)',
        wholeNumber(1, '3'),
      )
      .option(
        '--batch <n>',
        'texts written side by side, which changes none of them (default: auto)',
        batchSize,
      )
      .option('--temperature <t>', '0 takes the likeliest token, 1 draws as the model says', numberAtLeast(0))
      .option('--top-k <k>', 'draw from this many likeliest tokens only', wholeNumber(1, '40'))
      .option('--top-p <p>', 'draw from the likeliest tokens of this probability only', positive(1))
      .option(
        '--min-p <p>',
        "draw from tokens with at least this share of the likeliest one's probability only",
        between0and1,
      )
      .option(
        '--repetition-penalty <p>',
        'above 1, tokens that the text has already become less likely',
        positive(),
      )
      .option(
        '--stop <text>',
        'end a text before this one (repeatable)',
        (text: string, previous: readonly string[] = []) => [...previous, stopString(text)],
      )
      .option('--max-tokens <n>', 'maximum tokens to write', wholeNumber(1, '200'))
      .option(
        '--seed <n>',
        'the same seed writes the same text (default: another one each time)',
        wholeNumber(0, '7'),
      );
    addBackendOptions(command, "the run's")
      .option('--json', 'print one JSON object a text, when it is whole')
      .action((path: string, options: GenerateOptions) => run(path, options, terminal));
  },
};

/** A share. */
function between0and1(text: string): number {
  const value = Number(text);
  if (text.trim() && value >= 0 && value <= 1) return value;
  throw new InvalidArgumentError('Expected a number from 0 to 1, such as 0.05.');
}

function stopString(text: string): string {
  if (text) return text;
  throw new InvalidArgumentError('Expected a text, found nothing.');
}

/** `64`, `auto` */
function batchSize(text: string): number | 'auto' {
  if (text === 'auto') return text;
  try {
    return wholeNumber(1)(text);
  } catch {
    throw new InvalidArgumentError('Expected auto, or a whole number of at least 1, such as 64.');
  }
}

async function run(path: string, options: GenerateOptions, terminal: Terminal): Promise<void> {
  const { threads, backend, prompts: file, textField, ...writing } = options;
  const progress = new TaskProgress(terminal);
  const prompts = file === undefined ? undefined : await readPrompts(file, textField);
  const trained = await loadTrained(await namedRun(path), settings({ threads, backend }), progress.note);
  try {
    const { prompt = trained.recipe.sample.prompt } = options;
    const all = prompts ?? [prompt];
    noteMarker(all, trained, progress.note);
    const { temperature = trained.recipe.sample.temperature } = options;
    const many = prompts !== undefined || (options.count ?? 1) > 1;
    for (const line of withoutEffect(options, temperature, many)) progress.note(line);
    if (many) {
      const { prompt: _, ...rest } = writing;
      const generation = { ...rest, onNotice: progress.note };
      await printTexts(trained, all, generation, { terminal, progress });
    } else {
      const { count, batch, ...one } = writing;
      await printText(trained, { ...one, prompt, onNotice: progress.note }, temperature, {
        terminal,
        progress,
      });
    }
    if (terminal.interactive && trained.composed.model.coupling === 'row')
      terminal.note(terminal.noteStyles.dim(babbleNote(trained.recipe.name)));
    for (const finding of trained.composed.backend.findings?.() ?? []) progress.note(finding);
  } finally {
    progress.end();
    trained.composed.dispose();
  }
}

/** Sentences on the flags that change nothing. */
function withoutEffect(options: GenerateOptions, temperature: number, many: boolean): string[] {
  const flags = (keys: readonly (keyof GenerateOptions)[]): string =>
    keys
      .filter((key) => options[key] !== undefined)
      .map((key) => `--${key.replace(/[A-Z]/, (letter) => `-${letter.toLowerCase()}`)}`)
      .join(' and ');
  const lines: string[] = [];
  const idle = temperature === 0 ? flags(['topK', 'topP', 'minP', 'seed']) : '';
  if (idle) lines.push(`${idle} changes nothing at temperature 0, which takes the likeliest token.`);
  if (temperature === 0 && (options.count ?? 1) > 1)
    lines.push('At temperature 0 all texts of a prompt are the same.');
  if (!many && options.batch !== undefined) lines.push('--batch changes nothing: one text is written.');
  if (options.prompts === undefined && options.textField !== undefined)
    lines.push('--text-field changes nothing without --prompts.');
  return lines;
}

/** Writes one text as it comes. */
async function printText(
  trained: Trained,
  { json, ...options }: WritingOptions & { readonly prompt: string; readonly json?: boolean },
  temperature: number,
  { terminal, progress }: { readonly terminal: Terminal; readonly progress: TaskProgress },
): Promise<void> {
  const { prompt, maxTokens = trained.recipe.sample.max_tokens } = options;
  // A file gets the text itself.
  const show = terminal.stdout.isTTY ? printable : (text: string) => text;
  let begun = false;
  const write = (text: string): void => {
    if (json) return;
    // The bar would draw over the text.
    if (terminal.interactive) progress.end();
    terminal.write(show(begun ? text : prompt + text));
    begun = true;
  };
  const tell: TaskProgress['show'] = (...task) => {
    if (!begun || !terminal.interactive) progress.show(...task);
  };
  const began = performance.now();
  const writing = streamText(trained, {
    ...options,
    onRead: (read, all) => tell('reading the prompt', read / all, `${read} of ${formatPlural(all, 'token')}`),
  });
  let next = writing.next();
  for (let tokens = 1; !next.done; tokens++, next = writing.next()) {
    write(next.value);
    tell('writing', tokens / maxTokens, `${tokens} of ${formatPlural(maxTokens, 'token')}`);
    // Lets the text out, and Ctrl-C in.
    await setImmediate();
  }
  const seconds = (performance.now() - began) / 1000;
  write('\n');
  if (options.seed === undefined && temperature > 0 && !json)
    terminal.note(terminal.noteStyles.dim(`The same text again: --seed ${next.value.seed}`));
  if (json) terminal.print(JSON.stringify({ ...next.value, seconds }));
}

/** What a person may take for the end of a document in a prompt, where the run's data has no such thing. */
function noteMarker(
  prompts: readonly string[],
  { recipe, tokenizer }: Trained,
  note: (line: string) => void,
): void {
  if (!prompts.some((prompt) => prompt.includes(DOCUMENT_MARKER)) || documentMarker(recipe)) return;
  if (tokenizer.specialIds.has(tokenizer.encode(DOCUMENT_MARKER)[0]!)) return;
  note(
    `${DOCUMENT_MARKER} in the prompt is read as plain text: the run's data does not mark its documents by it.`,
  );
}
