import { evaluateText, type TextScore } from '../../app/evaluate-text.ts';
import { movedText } from '../../app/run-data.ts';
import { loadTrained, type Trained } from '../../app/trained.ts';
import { commandLine } from '../../core/command-line.ts';
import type { CorpusFormat } from '../../data/corpus.ts';
import type { CliCommand } from '../command.ts';
import { formatBits, formatCount, formatLoss, formatPlural, formatPpl } from '../format.ts';
import { namedRun, RUN_ARGUMENT } from '../named-run.ts';
import { addBackendOptions, addFormatOptions, path, paths } from '../options.ts';
import { TaskProgress } from '../reporters/task-progress.ts';
import { formatPairs } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { settings, sources } from '../train-settings.ts';

interface EvalOptions {
  readonly data?: readonly string[];
  readonly format?: CorpusFormat;
  readonly textField?: string;
  readonly threads?: number;
  readonly backend?: string;
  readonly json?: boolean;
}

export const evaluate: CliCommand = {
  examples: [
    commandLine`eval runs/v6.1-supernova-ii-20260101-120000`,
    commandLine`eval runs/a --data stories.txt --json`,
  ],
  define(command, terminal) {
    command
      .argument('<run>', RUN_ARGUMENT, path)
      .option(
        '--data <file...>',
        "text files or folders (default: the run's validation data, else its training data)",
        paths,
      );
    addFormatOptions(command, " (default: the run's)");
    addBackendOptions(command, "the run's")
      .option('--json', 'print one JSON object')
      .action((path: string, options: EvalOptions) => run(path, options, terminal));
  },
};

async function run(path: string, options: EvalOptions, terminal: Terminal): Promise<void> {
  const progress = new TaskProgress(terminal);
  const { data, json, ...changes } = options;
  const trained = await loadTrained(await namedRun(path), settings(changes), progress.note);
  try {
    const score = await evaluateText(trained, {
      data: data && sources(data),
      onPrepare: progress.onPrepare,
      onProgress: (share, split) => progress.show(`evaluating ${split}`, share),
      onNotice: progress.note,
    }).catch((error) => {
      throw movedText(error, trained.recipe, () => `${commandLine`eval ${path}`} --data FILE`);
    });
    progress.end();
    if (json) terminal.print(JSON.stringify(score.event));
    else for (const line of describe(score, trained, terminal)) terminal.print(line);
    for (const finding of trained.composed.backend.findings?.() ?? []) progress.note(finding);
  } finally {
    progress.end();
    trained.composed.dispose();
  }
}

function describe(
  { event, documents }: TextScore,
  { recipe, composed }: Trained,
  terminal: Terminal,
): string[] {
  const { split, loss, floor, bpc, bpb, tokens, characters, bytes } = event;
  const least =
    floor === null
      ? ''
      : `, floor ${formatLoss(floor)} (the lowest that a model that sees one token can reach)`;
  const size = `${formatCount(tokens)} tokens, ${formatCount(characters)} characters, ${formatCount(bytes)} bytes`;
  return formatPairs(
    [
      ['model', `${recipe.name}, step ${formatCount(event.step)}, backend ${composed.backend.name}`],
      ['text', `${split}: ${formatPlural(documents, 'document')}, ${size}`],
      ['loss', `${formatLoss(loss)} nats a token${least}`],
      ['PPL', `${formatPpl(event, 3)} (comparable for the same tokenizer only)`],
      ['BPC', `${formatBits(bpc, event, 4)} bits a character`],
      ['BPB', `${formatBits(bpb, event, 4)} bits a byte`],
    ],
    terminal,
  );
}
