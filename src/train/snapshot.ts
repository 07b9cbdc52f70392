import { z } from 'zod';
import { FlashError } from '../core/errors.ts';
import type { OptimizerPlan } from '../core/optimizer.ts';
import type { Parameter } from '../core/parameter.ts';
import type { Mat } from '../core/tensor.ts';
import type { Model } from '../runtime/model.ts';
import type { Checkpoint, CheckpointContents } from './checkpoint-files.ts';
import type { SafetensorsFile, TensorEntry } from './safetensors.ts';
import type { TrainerState } from './trainer.ts';

const COUNT = z.number().int().nonnegative();
const PROGRESS = z.object({
  step: COUNT,
  tokens: COUNT,
  epochs: z.number().nonnegative(),
  seconds: z.number().nonnegative(),
});
const TRAINER_STATE = z.object({
  step: COUNT,
  seconds: z.number().nonnegative(),
  decayStart: PROGRESS.nullable(),
}) satisfies z.ZodType<TrainerState>;

const entry = (name: string, p: Parameter, values: Mat): TensorEntry => ({
  name,
  dtype: values.dtype === 'f64' ? 'F64' : 'F32',
  shape: p.shape,
  data: values.data,
});

/** A run at one step: weights by parameter path, optimiser slots as `slot/parameter`, and the trainer's state. */
export function takeSnapshot(
  model: Model,
  { slots }: OptimizerPlan,
  state: TrainerState,
  metadata: Readonly<Record<string, string>>,
): CheckpointContents {
  return {
    model: model.store.all.map((p) => entry(p.name, p, p.value)),
    optimizer: slots.flatMap(({ name, parts }) =>
      parts.map(({ parameter: p, values }) => entry(`${name}/${p.name}`, p, values)),
    ),
    state: { ...state },
    modelMetadata: { format: 'flashlm', step: String(state.step), ...metadata },
  };
}

/** Reads the weights of a checkpoint into the model. @throws FlashError when they are another model's. */
export async function restoreWeights(model: Model, file: SafetensorsFile): Promise<void> {
  const known = new Set(model.store.all.map((p) => p.name));
  const foreign = [...file.tensors.keys()].filter((name) => !known.has(name));
  if (foreign.length) {
    throw new FlashError(`the checkpoint holds ${foreign[0]}, which the recipe's model does not have`, {
      where: file.path,
    });
  }
  for (const p of model.store.all) await read(file, p.name, p, p.value);
}

/** Reads weights and optimiser slots and returns the trainer's state. */
export async function restoreSnapshot(
  model: Model,
  { slots }: OptimizerPlan,
  checkpoint: Checkpoint,
): Promise<TrainerState> {
  await restoreWeights(model, checkpoint.model);
  for (const { name, parts } of slots) {
    for (const { parameter: p, values } of parts) {
      await read(checkpoint.optimizer, `${name}/${p.name}`, p, values);
    }
  }
  const state = TRAINER_STATE.safeParse(checkpoint.state);
  if (!state.success || state.data.step !== checkpoint.step) {
    throw new FlashError('state.json does not hold the state of a training run', { where: checkpoint.path });
  }
  return state.data;
}

/** A float32 checkpoint may be read into a float64 model, and the other way round. */
async function read(file: SafetensorsFile, name: string, p: Parameter, into: Mat): Promise<void> {
  const { shape, dtype } = file.info(name);
  if (shape.join() !== p.shape.join()) {
    throw new FlashError(
      `${name} is [${shape.join(' x ')}], the recipe's model needs [${p.shape.join(' x ')}]`,
      {
        where: file.path,
        remedy: 'Use the recipe.yaml that lies beside the checkpoints.',
      },
    );
  }
  if (dtype !== 'F32' && dtype !== 'F64') {
    throw new FlashError(`${name} is of type ${dtype}, weights are F32 or F64`, { where: file.path });
  }
  const { data } = await file.read(name);
  if (!data.every(Number.isFinite)) {
    throw new FlashError(`${name} holds NaN or infinity`, {
      where: file.path,
      remedy: 'The run had diverged. Use an earlier checkpoint.',
    });
  }
  into.data.set(data);
}
