import type { ModelDescription } from '../compose/describe.ts';
import { recipeTraining } from '../compose/recipe-training.ts';
import { tokensPerStep } from '../compose/run-limits.ts';
import type { Backend } from '../core/backend.ts';
import type { StepEvent } from '../core/hook.ts';
import { Random } from '../core/random.ts';
import type { Recipe } from '../recipes/load.ts';
import { UNLIMITED } from '../train/limits.ts';
import { type Batches, Trainer } from '../train/trainer.ts';

/** Multiply-accumulates of a step that is measured whole: about a tenth of a second. */
const MAX_WORK = { native: 4e9, reference: 5e7 };
/** A larger model takes too long to be made just for this. */
const MAX_PARAMETERS = 50e6;
/** The first step is slower: code is compiled, memory is touched for the first time. */
const STEPS = 2;

/** Random tokens: a collapsed step has as many distinct ones as any text could have. */
function randomBatches(vocab: number): Batches {
  const random = new Random(1, 'step-time');
  return {
    fill(_, ids, targets) {
      for (let i = 0; i < ids.length; i++) ids[i] = targets[i] = random.uint32() % vocab;
    },
  };
}

/**
 * Seconds of one training step of the recipe on `backend`, measured on a few steps of random tokens, of fewer sequences where
 * whole ones would take long. Undefined for models that are too large to try, and for wrapped backends, which are slow.
 */
export async function measureStep(
  recipe: Recipe,
  model: ModelDescription,
  backend: Backend,
): Promise<number | undefined> {
  const { seq_len } = recipe.data;
  const whole = tokensPerStep(recipe);
  const vocab = model.layers.at(-1)!.outCols;
  const collapsed = model.tokenWise && recipe.collapse === 'auto';
  const rowsOf = (tokens: number): number => (collapsed ? Math.min(vocab, tokens) : tokens);
  const rows = rowsOf(whole);
  const workOf = (count: number): number => 3 * model.macsPerToken * count;
  const kind = /^(native|reference)\b(?!.*\()/.exec(backend.name)?.[1] as keyof typeof MAX_WORK | undefined;
  if (!kind || model.parameters > MAX_PARAMETERS) return undefined;
  const share = Math.min(1, MAX_WORK[kind] / workOf(rows));
  const tokens = share === 1 ? whole : Math.floor((share * rows) / seq_len) * seq_len;
  if (tokens < seq_len) return undefined;
  const { parts, options } = recipeTraining(
    recipe,
    randomBatches(vocab),
    tokens,
  )(backend, collapsed ? 'collapsed' : 'dense');
  const times: number[] = [];
  const limits = { ...UNLIMITED, steps: STEPS };
  const onStep = ({ tokensPerSecond }: StepEvent): void => {
    times.push(tokens / tokensPerSecond);
  };
  try {
    await new Trainer(parts, { ...options, limits }, [{ onStep }]).run();
  } finally {
    parts.model.release();
  }
  return (Math.min(...times) * rows) / rowsOf(tokens);
}
