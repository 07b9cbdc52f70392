import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Option } from 'commander';
import { commandLine, shellWords } from '../../core/command-line.ts';
import { FlashError } from '../../core/errors.ts';
import { formatBytes } from '../../core/format-bytes.ts';
import { cacheDir } from '../../data/cache-dir.ts';
import type { CorpusFormat } from '../../data/corpus.ts';
import { DATASETS, datasetFolder, findDataset } from '../../data/datasets.ts';
import type { DocumentPart } from '../../data/document-share.ts';
import { downloadDataset } from '../../data/download.ts';
import { prepareData, type TokenizerSource } from '../../data/prepare.ts';
import { sourceFiles } from '../../data/source-files.ts';
import type { Tokenizer } from '../../data/tokenizer/tokenizer.ts';
import { fileError, makeFolder } from '../../files/files.ts';
import type { CliCommand } from '../command.ts';
import { Exit } from '../errors.ts';
import { formatCount, formatDuration, printable } from '../format.ts';
import { Interruption } from '../interruption.ts';
import { addFormatOptions, fraction, path, paths, wholeNumber } from '../options.ts';
import { TaskProgress } from '../reporters/task-progress.ts';
import { formatPairs, formatTable } from '../table.ts';
import type { Terminal } from '../terminal.ts';

interface DataOptions {
  readonly vocab?: number;
  readonly tokenizer?: string;
  readonly validShare?: number;
  readonly format?: CorpusFormat;
  readonly textField?: string;
  readonly out?: string;
  readonly workers?: number;
  readonly json?: boolean;
}

/** The vocabulary of the recipes that come with FlashLM. */
const DEFAULT_VOCAB = 1024;

/** Text files that become one token file. */
interface Source {
  readonly split: 'train' | 'valid';
  readonly files: readonly string[];
  readonly part?: DocumentPart;
}

interface SplitReport extends Omit<Source, 'part'> {
  readonly tokenFile: string;
  readonly documents: number;
  readonly characters: number;
  readonly bytes: number;
  readonly tokens: number;
  readonly tokensPerCharacter: number;
  /** Found in the cache, not made again. */
  readonly cached: boolean;
}

/** What `data --json` prints. */
interface DataReport {
  /** `file` is where the tokenizer was read from or written to, null when it lies in the cache alone. */
  readonly tokenizer: { readonly vocab: number; readonly file: string | null };
  readonly splits: readonly SplitReport[];
  readonly seconds: number;
}

export const data: CliCommand = {
  examples: [
    commandLine`data tinystories`,
    commandLine`data stories.txt more.jsonl --vocab 4096 --out data/stories`,
  ],
  define(command, terminal) {
    command
      .argument(
        '<source...>',
        `a dataset (${Object.keys(DATASETS).join(', ')}) or text files, folders, patterns`,
        paths,
      )
      .option('--vocab <n>', `ids of the tokenizer (default: ${DEFAULT_VOCAB})`, wholeNumber(1, '4096'))
      .addOption(
        new Option('--tokenizer <file>', 'use this tokenizer.json instead of training one')
          .argParser(path)
          .conflicts('vocab'),
      )
      .option(
        '--valid-share <part>',
        'keep this fraction of the documents for validation, such as 0.05',
        fraction,
      );
    addFormatOptions(command)
      .option('--out <dir>', 'folder for the downloads and a copy of tokenizer.json', path)
      .option(
        '--workers <n>',
        'threads (default: by the size of the data, at most one per CPU)',
        wholeNumber(1, '4'),
      )
      .option('--json', 'print one JSON object')
      .action((sources: string[], options: DataOptions) => run(sources, options, terminal));
  },
};

async function run(names: readonly string[], options: DataOptions, terminal: Terminal): Promise<void> {
  const began = performance.now();
  const progress = new TaskProgress(terminal);
  const interruption = new Interruption(terminal, () => progress.end());
  const { signal } = interruption;
  try {
    const sources = await resolveSources(names, options, terminal, progress, signal);
    let tokenizer: TokenizerSource = options.tokenizer
      ? { file: options.tokenizer }
      : { type: 'byte_bpe', vocab: options.vocab ?? DEFAULT_VOCAB };
    const splits: SplitReport[] = [];
    for (const source of sources) {
      const prepared = await prepareData({
        files: source.files,
        part: source.part,
        format: options.format,
        textField: options.textField,
        tokenizer,
        cacheDir: cacheDir(terminal.env),
        workers: options.workers,
        onProgress: progress.onPrepare,
        signal,
      });
      progress.end();
      for (const notice of prepared.notices) terminal.note(printable(notice));
      const { info, path } = prepared.tokens;
      prepared.tokens.close();
      // Validation text is encoded with the tokenizer of the training text.
      tokenizer = prepared.tokenizer;
      splits.push({
        split: source.split,
        files: source.files,
        tokenFile: path,
        documents: info.documents,
        characters: info.characters,
        bytes: info.bytes,
        tokens: info.tokens,
        tokensPerCharacter: info.tokens / info.characters,
        cached: prepared.cached.tokens,
      });
    }
    const file = await saveCopy(tokenizer as Tokenizer, options);
    const report: DataReport = {
      tokenizer: { vocab: (tokenizer as Tokenizer).vocabSize, file },
      splits,
      seconds: (performance.now() - began) / 1000,
    };
    if (options.json) return terminal.print(JSON.stringify(report));
    for (const line of describe(report, terminal)) terminal.print(line);
    const vocab = options.tokenizer ? report.tokenizer.vocab : (options.vocab ?? DEFAULT_VOCAB);
    terminal.print(`\nNext: ${terminal.styles.bold(nextCommand(names, splits, options, vocab))}`);
  } catch (error) {
    progress.end();
    if (!signal.aborted) throw error;
    const stopped = ['Stopped. Run the same command again to go on: what is complete is kept.'];
    terminal.note((error instanceof FlashError ? error.lines() : stopped).join('\n'));
    throw new Exit(interruption.exitStatus);
  } finally {
    progress.end();
    interruption.close();
  }
}

async function resolveSources(
  names: readonly string[],
  { out, validShare }: DataOptions,
  terminal: Terminal,
  progress: TaskProgress,
  signal: AbortSignal,
): Promise<Source[]> {
  const [name] = names;
  // What has neither a dot nor a slash and is not a file here was meant as the name of a dataset.
  const isName = names.length === 1 && !existsSync(name!) && !/[./\\*?[{]/.test(name!);
  if (!isName) {
    const { files, notices } = sourceFiles(names);
    for (const notice of notices) terminal.note(printable(notice));
    return divided(files, validShare);
  }
  findDataset(name!);
  const dir = out ?? datasetFolder(name!, cacheDir(terminal.env));
  const { train, valid } = await downloadDataset(name!, {
    dir,
    onProgress: progress.onDownload,
    onNotice: progress.note,
    signal,
  });
  if (validShare !== undefined) return divided([train], validShare);
  return [
    { split: 'train', files: [train] },
    { split: 'valid', files: [valid] },
  ];
}

function divided(files: readonly string[], validShare: number | undefined): Source[] {
  if (validShare === undefined) return [{ split: 'train', files }];
  return (['train', 'valid'] as const).map((split) => ({ split, files, part: { validShare, side: split } }));
}

async function saveCopy(
  tokenizer: Tokenizer,
  { out, tokenizer: given }: DataOptions,
): Promise<string | null> {
  if (!out) return given ?? null;
  try {
    await makeFolder(out);
  } catch (error) {
    throw fileError(error, 'Cannot make the folder', out);
  }
  const file = join(out, 'tokenizer.json');
  await tokenizer.save(file);
  return file;
}

function describe({ tokenizer, splits, seconds }: DataReport, terminal: Terminal): string[] {
  const columns = ['documents', 'characters', 'text', 'tokens', 'tokens/character'];
  const rows = splits.map((split) => [
    split.split,
    formatCount(split.documents),
    formatCount(split.characters),
    formatBytes(split.bytes),
    formatCount(split.tokens),
    split.tokensPerCharacter.toFixed(3),
  ]);
  const places = splits.flatMap(({ split, files, tokenFile, cached }) => [
    ...listed(files).map((file) => [`${split} text`, file] as const),
    [`${split} tokens`, `${tokenFile}${cached ? ' (was there)' : ''}`] as const,
  ]);
  return [
    ...formatTable(
      [{ title: '', align: 'left' }, ...columns.map((title) => ({ title, align: 'right' }) as const)],
      rows,
      terminal,
    ),
    '',
    ...formatPairs(
      [
        ...places,
        ['tokenizer', `${formatCount(tokenizer.vocab)} ids${tokenizer.file ? `, ${tokenizer.file}` : ''}`],
        ['time', formatDuration(seconds)],
      ],
      terminal,
    ),
  ];
}

/** A list for a person: long ones by their ends. */
function listed(files: readonly string[]): readonly string[] {
  if (files.length <= 8) return files;
  return [files[0]!, `... ${formatCount(files.length - 2)} more`, files.at(-1)!];
}

/** The command that trains on the same text, read in the same way. */
function nextCommand(
  names: readonly string[],
  [train, valid]: readonly SplitReport[],
  { format, textField, validShare, tokenizer }: DataOptions,
  vocab: number,
): string {
  const isDownload = valid !== undefined && validShare === undefined;
  return [
    commandLine`train v61 --data ${isDownload ? train!.files : names}`,
    isDownload && shellWords`--valid ${valid.files}`,
    validShare !== undefined && `--valid-share ${validShare}`,
    format && `--format ${format}`,
    textField !== undefined && shellWords`--text-field ${textField}`,
    // The value is YAML, of which JSON is a part.
    tokenizer !== undefined && shellWords`--set ${`tokenizer.file=${JSON.stringify(resolve(tokenizer))}`}`,
    vocab !== DEFAULT_VOCAB && `--set model.0.embedding.vocab=${vocab} --set tokenizer.vocab=${vocab}`,
  ]
    .filter((part) => part !== false && part !== undefined)
    .join(' ');
}
