import { setImmediate } from 'node:timers/promises';
import { documentMarker } from '../../app/document-marker.ts';
import { streamText } from '../../app/generate-text.ts';
import { loadTrained, type Trained } from '../../app/trained.ts';
import { commandLine } from '../../core/command-line.ts';
import { DOCUMENT_MARKER } from '../../data/corpus.ts';
import type { CliCommand } from '../command.ts';
import { formatPlural, printable } from '../format.ts';
import { namedRun, RUN_ARGUMENT } from '../named-run.ts';
import { addBackendOptions, numberFrom, path, positive, wholeNumber } from '../options.ts';
import { babbleNote } from '../reporters/run-summary.ts';
import { TaskProgress } from '../reporters/task-progress.ts';
import type { Terminal } from '../terminal.ts';
import { settings } from '../train-settings.ts';

interface GenerateOptions {
  readonly prompt?: string;
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
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
  ],
  define(command, terminal) {
    command
      .argument('<run>', RUN_ARGUMENT, path)
      .option('--prompt <text>', "what the text begins with (default: the recipe's, as for all of these)")
      .option('--temperature <t>', '0 takes the likeliest token, 1 draws as the model says', numberFrom(0))
      .option('--top-k <k>', 'draw from this many likeliest tokens only', wholeNumber(1, '40'))
      .option('--top-p <p>', 'draw from the likeliest tokens of this probability only', positive(1))
      .option('--max-tokens <n>', 'most tokens to write', wholeNumber(1, '200'))
      .option(
        '--seed <n>',
        'the same seed writes the same text (default: another one each time)',
        wholeNumber(0, '7'),
      );
    addBackendOptions(command, "the run's")
      .option('--json', 'print one JSON object at the end')
      .action((path: string, options: GenerateOptions) => run(path, options, terminal));
  },
};

async function run(path: string, options: GenerateOptions, terminal: Terminal): Promise<void> {
  const { threads, backend, json, ...writingOptions } = options;
  const progress = new TaskProgress(terminal);
  const trained = await loadTrained(await namedRun(path), settings({ threads, backend }), progress.note);
  try {
    const { prompt = trained.recipe.sample.prompt, maxTokens = trained.recipe.sample.max_tokens } = options;
    noteMarker(prompt, trained, progress.note);
    const { temperature = trained.recipe.sample.temperature } = options;
    const idle = (['topK', 'topP', 'seed'] as const).filter((option) => options[option] !== undefined);
    if (temperature === 0 && idle.length > 0) {
      const flags = idle.map(
        (option) => `--${option.replace(/[A-Z]/, (letter) => `-${letter.toLowerCase()}`)}`,
      );
      progress.note(
        `${flags.join(' and ')} changes nothing at temperature 0, which takes the likeliest token.`,
      );
    }
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
      ...writingOptions,
      prompt,
      onRead: (read, all) =>
        tell('reading the prompt', read / all, `${read} of ${formatPlural(all, 'token')}`),
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
    if (terminal.interactive && trained.composed.model.coupling === 'row')
      terminal.note(terminal.noteStyles.dim(babbleNote(trained.recipe.name)));
    for (const finding of trained.composed.backend.findings?.() ?? []) progress.note(finding);
    if (terminal.interactive && options.seed === undefined && temperature > 0 && !json)
      terminal.note(terminal.noteStyles.dim(`The same text again: --seed ${next.value.seed}`));
    if (json) terminal.print(JSON.stringify({ ...next.value, seconds }));
  } finally {
    progress.end();
    trained.composed.dispose();
  }
}

/** What a person may take for the end of a document in a prompt, where the run's data has no such thing. */
function noteMarker(prompt: string, { recipe, tokenizer }: Trained, note: (line: string) => void): void {
  if (!prompt.includes(DOCUMENT_MARKER) || documentMarker(recipe)) return;
  if (tokenizer.specialIds.has(tokenizer.encode(DOCUMENT_MARKER)[0]!)) return;
  note(
    `${DOCUMENT_MARKER} in the prompt is read as plain text: the run's data does not mark its documents by it.`,
  );
}
