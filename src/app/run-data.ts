import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { commandLine } from '../core/command-line.ts';
import type { Spec } from '../core/component.ts';
import { FlashError } from '../core/errors.ts';
import { Corpus } from '../data/corpus.ts';
import { DATASETS, datasetFolder } from '../data/datasets.ts';
import type { DocumentPart } from '../data/document-share.ts';
import {
  type PreparedData,
  type PrepareOptions,
  prepareData,
  type TokenizerSource,
} from '../data/prepare.ts';
import { SAMPLE } from '../data/sample.ts';
import { keepDocuments } from '../data/source-documents.ts';
import { sourceFiles } from '../data/source-files.ts';
import type { Tokenizer } from '../data/tokenizer/tokenizer.ts';
import { errorCode } from '../files/files.ts';
import { createPart } from '../recipes/create.ts';
import { isFiles, type Recipe } from '../recipes/load.ts';

/** The encoded texts of a run. */
export interface RunData {
  readonly train: PreparedData;
  readonly valid: PreparedData | null;
}

/**
 * Encodes the recipe's texts, or finds them in the cache. `tokenizer` is the one of a resumed run.
 * @throws FlashError for data that is missing or can't be used.
 */
export async function prepareRunData(
  recipe: Recipe,
  options: PrepareHooks,
  tokenizer?: Tokenizer,
): Promise<RunData> {
  const texts = await runTexts(recipe);
  const train = await prepareText(recipe, texts.train, tokenizer ?? recipe.tokenizer, options);
  if (!texts.valid) return { train, valid: null };
  return { train, valid: await prepareText(recipe, texts.valid, train.tokenizer, options) };
}

/** Looks whether the recipe's texts are there, and of a kind that can be read. @throws FlashError where not */
export async function openTexts(recipe: Recipe): Promise<void> {
  const { format, text_field: textField } = recipe.data;
  const { train, valid } = await runTexts(recipe);
  for (const text of [train, ...(valid ? [valid] : [])]) await Corpus.open(text.files, { format, textField });
}

type PrepareHooks = Pick<PrepareOptions, 'onProgress' | 'signal'>;

/** Encodes one text as the recipe says that texts are read. @throws FlashError for data that can't be used. */
export async function prepareText(
  { data }: Recipe,
  { files, part, notices, inRecords }: RunText,
  tokenizer: TokenizerSource,
  hooks: PrepareHooks,
): Promise<PreparedData> {
  const { format, text_field: textField, cache_dir } = data;
  const how = inRecords ? ({ format: 'jsonl' } as const) : { format, textField };
  const cacheDir = cache_dir ?? undefined;
  const prepared = await prepareData({ ...hooks, files, part, ...how, cacheDir, tokenizer });
  return { ...prepared, notices: [...notices, ...prepared.notices] };
}

/**
 * The error about a text that is not there, for a run: its recipe says where its texts were, and `command` says how to
 * name their new place. Every other error comes back unchanged.
 */
export function movedText(
  error: unknown,
  { data }: Recipe,
  command: (flag: '--data' | '--valid') => string,
): unknown {
  if (!(error instanceof FlashError) || errorCode(error.cause) !== 'ENOENT') return error;
  const isOneOf = (text: RunSource) => isFiles(text) && [text].flat().includes(error.where ?? '');
  const valid = !isOneOf(data.source);
  if (valid && !isOneOf(data.valid ?? [])) return error;
  return new FlashError(`The run's ${valid ? 'validation ' : ''}text is not there any more`, {
    where: error.where,
    remedy: `If it was moved, name its new place: ${command(valid ? '--valid' : '--data')}`,
    cause: error,
  });
}

/** A text of a run: files, or a part of their documents. */
export interface RunText {
  readonly files: readonly string[];
  readonly part?: DocumentPart;
  /** The files are those of a plugin's source, whatever the recipe says of how its files are to be read. */
  readonly inRecords?: boolean;
  /** What a person should know of how the files were found. */
  readonly notices: readonly string[];
}

/** The texts of a run. */
export interface RunTexts {
  readonly train: RunText;
  readonly valid: RunText | null;
}

type RunSource = Recipe['data']['source'];

/**
 * The files of the recipe's texts. What a plugin's source gives becomes one first.
 * @throws FlashError for what names no file, and for a data set not fetched.
 */
export async function runTexts({ data }: Recipe): Promise<RunTexts> {
  const { source, valid, valid_share: validShare } = data;
  const cacheDir = data.cache_dir ?? undefined;
  const own = isFiles(source) ? namedTexts(source, cacheDir) : null;
  const train = isFiles(source)
    ? sourceFiles(own?.train ?? [source].flat())
    : await sourceText(source, cacheDir);
  if (validShare !== null) {
    return {
      train: { ...train, part: { validShare, side: 'train' } },
      valid: { ...train, notices: [], part: { validShare, side: 'valid' } },
    };
  }
  if (valid === null) return { train, valid: own && sourceFiles(own.valid) };
  const text = isFiles(valid) ? validationText(data, valid) : await sourceText(valid, cacheDir);
  return { train, valid: noticeOverlap(text, train) };
}

async function sourceText(spec: Spec<'source'>, cacheDir: string | undefined): Promise<RunText> {
  const file = await keepDocuments(spec.component.type, createPart(spec), cacheDir);
  return { files: [file], notices: [], inRecords: true };
}

/** The text of validation data. A named source means its validation half. @throws FlashError as `runTexts` */
export function validationText({ cache_dir }: Recipe['data'], valid: string | readonly string[]): RunText {
  return sourceFiles(namedTexts(valid, cache_dir ?? undefined)?.valid ?? [valid].flat());
}

/** With a notice if the model is trained on what it is measured on. */
function noticeOverlap(valid: RunText, train: RunText): RunText {
  const trained = new Set(train.files);
  const both = valid.files.filter((file) => trained.has(file));
  if (both.length === 0) return valid;
  const notice = `Validation data that is training data as well says little: ${both[0]}.`;
  return { ...valid, notices: [...valid.notices, notice] };
}

/** Named sources bring their own validation text. */
function namedTexts(
  source: string | readonly string[],
  cacheDir: string | undefined,
): { readonly train: readonly string[]; readonly valid: readonly string[] } | null {
  if (source === 'sample') return { train: [SAMPLE.train], valid: [SAMPLE.valid] };
  if (typeof source !== 'string' || !Object.hasOwn(DATASETS, source)) return null;
  const { train, valid } = DATASETS[source]!;
  const folder = datasetFolder(source, cacheDir);
  const paths = { train: [join(folder, train.name)], valid: [join(folder, valid.name)] };
  for (const path of [...paths.train, ...paths.valid]) {
    if (existsSync(path)) continue;
    // Without --out it would go into the folder that the environment names, not into the recipe's.
    const fetch = cacheDir ? commandLine`data ${source} --out ${folder}` : commandLine`data ${source}`;
    throw new FlashError(`The data set ${source} is not on this machine`, {
      where: path,
      remedy: `Fetch it first: ${fetch}`,
    });
  }
  return paths;
}
