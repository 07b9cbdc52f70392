import { z } from 'zod';
import { count } from '../core/options.ts';
import type { PrepareProgress } from '../data/prepare.ts';
import type { TokenFile } from '../data/token-file.ts';
import { callback, checkOptions, optionsOf } from '../recipes/check-options.ts';
import type { Recipe } from '../recipes/load.ts';
import { Evaluator } from '../train/evaluate.ts';
import type { EvalEvent } from '../train/events.ts';
import type { PositionLoss } from '../train/scorer.ts';
import { tokenText } from '../train/token-text.ts';
import { windowsFor } from '../train/windows.ts';
import { checkArguments } from './arguments.ts';
import { prepareText, runTexts, validationText } from './run-data.ts';
import type { Trained } from './trained.ts';
import { OPEN_OPTIONS, type OpenOptions, printNotice, withTrained } from './with-trained.ts';

export interface EvaluationOptions extends OpenOptions {
  /**
   * Text files, folders and patterns, or the name of a data set. Default: the run's validation data, else its training
   * data. They are read as the run reads its own (`data.format`, `data.text_field`).
   */
  readonly data?: string | readonly string[];
  /** Most tokens that the model reads at once, and from one window to the next: default, the recipe's `eval`. */
  readonly context?: number;
  readonly stride?: number;
  /** Work out the loss by place in the document too. */
  readonly byPosition?: boolean;
  readonly onPrepare?: (progress: PrepareProgress) => void;
  /** Called with the share of a text (`valid`, `train` or `data`) that is evaluated, from 0 to 1. */
  readonly onProgress?: (share: number, split: string) => void;
}

const EVALUATION_OPTIONS = optionsOf<EvaluationOptions>({
  ...OPEN_OPTIONS,
  data: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]),
  context: count,
  stride: count,
  byPosition: z.boolean(),
  onPrepare: callback,
  onProgress: callback,
});

export interface TextScore {
  /** As a run's metrics.jsonl has it. */
  readonly event: EvalEvent;
  readonly documents: number;
  /** With `byPosition`: the loss of the tokens at each place of their documents, in ranges that double. */
  readonly positions?: readonly PositionLoss[];
}

/**
 * Loss in nats a token, PPL, BPC and BPB of a trained run on whole documents, as the command `eval` prints them. `run` is the
 * directory of a run or of one of its checkpoints, or a model that `loadTrained` has opened.
 * @throws FlashError when there is no such run or text.
 */
export async function evaluateText(
  run: string | Trained,
  options: EvaluationOptions = {},
): Promise<TextScore> {
  checkArguments('evaluateText', { run });
  checkOptions('evaluateText', 'the options', EVALUATION_OPTIONS, options);
  return withTrained(run, options, async (trained) => {
    const { recipe, composed, tokenizer, step } = trained;
    const { context = recipe.eval.context, stride } = options;
    // A stride that was chosen for another context means nothing for this one.
    const own = options.context === undefined ? recipe.eval.stride : null;
    const windows = windowsFor({ context, stride: stride ?? own }, recipe.data.seq_len);
    if (!composed.model.growsToContext && (options.context !== undefined || stride !== undefined))
      (options.onNotice ?? printNotice)(
        'The context and the stride change nothing: this model reads documents of any length at once.',
      );
    const { split, tokens } = await openText(trained, options);
    try {
      const evaluator = new Evaluator(composed.model, {
        seqLen: recipe.data.seq_len,
        collapse: recipe.collapse,
        blockRows: recipe.train.block_rows,
        causal: recipe.causal,
        windows,
      });
      const text = tokenText(split, tokens, tokenizer);
      const onProgress = (share: number) => options.onProgress?.(share, split);
      const { documents } = tokens.info;
      if (!options.byPosition)
        return { event: await evaluator.evaluateInPieces(text, step, onProgress), documents };
      return { ...(await evaluator.evaluateByPosition(text, step, onProgress)), documents };
    } finally {
      tokens.close();
    }
  });
}

async function openText(
  { recipe, tokenizer }: Trained,
  { data, onPrepare, onNotice = printNotice }: EvaluationOptions,
): Promise<{ readonly split: string; readonly tokens: TokenFile }> {
  const named = data === undefined ? undefined : validationText(recipe.data, data);
  const texts = named ? undefined : await runTexts(recipe);
  const split = named ? 'data' : texts?.valid ? 'valid' : 'train';
  const text = named ?? texts?.valid ?? texts!.train;
  const prepared = await prepareText(recipe, text, tokenizer, { onProgress: onPrepare });
  for (const notice of prepared.notices) onNotice(notice);
  if (named && recipe.data.valid_share !== null && (await isSource(named.files, recipe)))
    onNotice('The run was trained on a part of this text. Without --data only the other part is measured.');
  return { split, tokens: prepared.tokens };
}

async function isSource(files: readonly string[], recipe: Recipe): Promise<boolean> {
  const trained = new Set((await runTexts(recipe)).train.files);
  return files.some((file) => trained.has(file));
}
