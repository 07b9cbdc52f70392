import { evaluateText, type TextScore } from '../../app/evaluate-text.ts';
import { movedText } from '../../app/run-data.ts';
import { loadTrained, type Trained } from '../../app/trained.ts';
import { commandLine } from '../../core/command-line.ts';
import type { CorpusFormat } from '../../data/corpus.ts';
import type { CliCommand } from '../command.ts';
import { formatBits, formatCount, formatLoss, formatPlural, formatPpl } from '../format.ts';
import { namedRun, RUN_ARGUMENT } from '../named-run.ts';
import { addBackendOptions, addFormatOptions, path, paths, wholeNumber } from '../options.ts';
import { TaskProgress } from '../reporters/task-progress.ts';
import { formatPairs, formatTable } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { settings, sources } from '../train-settings.ts';

interface EvalOptions {
  readonly data?: readonly string[];
  readonly format?: CorpusFormat;
  readonly textField?: string;
  readonly threads?: number;
  readonly backend?: string;
  readonly context?: number;
  readonly stride?: number;
  readonly byPosition?: boolean;
  readonly json?: boolean;
}

export const evaluate: CliCommand = {
  examples: [
    commandLine`eval runs/v6.1-supernova-ii-20260101-120000`,
    commandLine`eval runs/a --data stories.txt --json`,
    commandLine`eval runs/a --by-position`,
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
    command
      .option(
        '--context <n>',
        "most tokens that a model with attention reads at once (default: the recipe's eval.context, else a training sequence)",
        wholeNumber(1, '256'),
      )
      .option(
        '--stride <n>',
        "tokens from one such window of a longer document to the next (default: the recipe's eval.stride, else half)",
        wholeNumber(1, '128'),
      )
      .option('--by-position', 'also print the loss by place in the document');
    addBackendOptions(command, "the run's")
      .option('--json', 'print one JSON object')
      .action((path: string, options: EvalOptions) => run(path, options, terminal));
  },
};

async function run(path: string, options: EvalOptions, terminal: Terminal): Promise<void> {
  const progress = new TaskProgress(terminal);
  const { data, json, context, stride, byPosition, ...changes } = options;
  const trained = await loadTrained(await namedRun(path), settings(changes), progress.note);
  try {
    const score = await evaluateText(trained, {
      data: data && sources(data),
      context,
      stride,
      byPosition,
      onPrepare: progress.onPrepare,
      onProgress: (share, split) => progress.show(`evaluating ${split}`, share),
      onNotice: progress.note,
    }).catch((error) => {
      throw movedText(error, trained.recipe, () => `${commandLine`eval ${path}`} --data FILE`);
    });
    progress.end();
    const { event, positions } = score;
    if (json) terminal.print(JSON.stringify({ ...event, ...(positions && { positions }) }));
    else {
      for (const line of describe(score, trained, terminal)) terminal.print(line);
      if (positions) for (const line of positionTable(positions, terminal)) terminal.print(line);
    }
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
  const { split, loss, floor, bpc, bpb, tokens, characters, bytes, windows } = event;
  const least =
    floor === null
      ? ''
      : `, floor ${formatLoss(floor)} (the lowest that a model that sees one token can reach)`;
  const size = `${formatCount(tokens)} tokens, ${formatCount(characters)} characters, ${formatCount(bytes)} bytes`;
  return formatPairs(
    [
      ['model', `${recipe.name}, step ${formatCount(event.step)}, backend ${composed.backend.name}`],
      ['text', `${split}: ${formatPlural(documents, 'document')}, ${size}`],
      ...(windows ? [['context', describeWindows(windows)] as const] : []),
      ['loss', `${formatLoss(loss)} nats a token${least}`],
      ['PPL', `${formatPpl(event, 3)} (comparable for the same tokenizer only)`],
      ['BPC', `${formatBits(bpc, event, 4)} bits a character`],
      ['BPB', `${formatBits(bpb, event, 4)} bits a byte`],
    ],
    terminal,
  );
}

const describeWindows = ({ context, stride, cut }: NonNullable<TextScore['event']['windows']>): string =>
  `${formatCount(context)} tokens; longer documents in windows ${formatPlural(stride, 'token')} apart: ` +
  `${formatPlural(cut, 'token')} scored with ${formatCount(context - stride)} or more before them, not with all`;

/** Loss by place in the document. */
function positionTable(positions: NonNullable<TextScore['positions']>, terminal: Terminal): string[] {
  const columns = [
    { title: 'token of its document', align: 'left' },
    { title: 'tokens', align: 'right' },
    { title: 'loss', align: 'right' },
    { title: 'PPL', align: 'right' },
  ] as const;
  const rows = positions.map(({ from, to, tokens, loss }) => [
    from === to ? formatCount(from) : `${formatCount(from)} to ${formatCount(to)}`,
    formatCount(tokens),
    formatLoss(loss),
    formatLoss(Math.exp(loss)),
  ]);
  return ['', ...formatTable(columns, rows, terminal)];
}
