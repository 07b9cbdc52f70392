import { commandLine } from '../../core/command-line.ts';
import type { CorpusFormat } from '../../data/corpus.ts';
import type { TokenFile } from '../../data/token-file.ts';
import type { Recipe } from '../../recipes/load.ts';
import { movedText, prepareText, runTexts, validationText } from '../../recipes/run-data.ts';
import { loadTrained, type Trained } from '../../recipes/trained.ts';
import { Evaluator } from '../../train/evaluate.ts';
import type { EvalEvent } from '../../train/events.ts';
import { tokenText } from '../../train/token-text.ts';
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
  const { data, ...changes } = options;
  const trained = await loadTrained(await namedRun(path), settings(changes), progress.note);
  try {
    const { recipe, composed, tokenizer, step } = trained;
    const { split, tokens } = await openText(data, trained, progress).catch((error) => {
      throw movedText(error, recipe, () => `${commandLine`eval ${path}`} --data FILE`);
    });
    const evaluator = new Evaluator(composed.model, {
      seqLen: recipe.data.seq_len,
      collapse: recipe.collapse,
      blockRows: recipe.train.block_rows,
      causal: recipe.causal,
    });
    const text = tokenText(split, tokens, tokenizer);
    const event = await evaluator.evaluateInPieces(text, step, (share) =>
      progress.show(`evaluating ${split}`, share),
    );
    progress.end();
    const { documents } = tokens.info;
    tokens.close();
    if (options.json) terminal.print(JSON.stringify(event));
    else for (const line of describe(event, documents, trained, terminal)) terminal.print(line);
    for (const finding of composed.backend.findings?.() ?? []) progress.note(finding);
  } finally {
    progress.end();
    trained.composed.dispose();
  }
}

async function openText(
  files: readonly string[] | undefined,
  { recipe, tokenizer }: Trained,
  progress: TaskProgress,
): Promise<{ readonly split: string; readonly tokens: TokenFile }> {
  const named = files && validationText(recipe.data, sources(files));
  const texts = named ? undefined : runTexts(recipe);
  const split = named ? 'data' : texts?.valid ? 'valid' : 'train';
  const text = named ?? texts?.valid ?? texts!.train;
  const prepared = await prepareText(recipe, text, tokenizer, { onProgress: progress.onPrepare });
  for (const notice of prepared.notices) progress.note(notice);
  if (named && recipe.data.valid_share !== null && isSource(named.files, recipe)) {
    progress.note(
      'The run was trained on a part of this text. Without --data only the other part is measured.',
    );
  }
  return { split, tokens: prepared.tokens };
}

function isSource(files: readonly string[], recipe: Recipe): boolean {
  const trained = new Set(runTexts(recipe).train.files);
  return files.some((file) => trained.has(file));
}

function describe(
  event: EvalEvent,
  documents: number,
  { recipe, composed }: Trained,
  terminal: Terminal,
): string[] {
  const { split, loss, floor, bpc, bpb, tokens, characters, bytes } = event;
  const least =
    floor === null ? '' : `, floor ${formatLoss(floor)} (the least a model that sees one token can reach)`;
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
