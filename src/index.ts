// The public API: what a plugin, an example or another program builds on.
export { z } from 'zod';
export { checkGradients, prepareData } from './app/checked-functions.ts';
export { type BackendAgreement, type ComparisonOptions, compareBackends } from './app/compare-backends.ts';
export {
  type ComparedRun,
  compareRuns,
  type RecipeDifference,
  type RunComparison,
  type SeedGroup,
  type UnreadRun,
} from './app/compare-runs.ts';
export { type EvaluationOptions, evaluateText, type TextScore } from './app/evaluate-text.ts';
export { type GeneratedText, generateText, streamText, type WritingOptions } from './app/generate-text.ts';
export {
  type GenerationOptions,
  type GenerationProgress,
  generateTexts,
  type IndexedText,
} from './app/generate-texts.ts';
export { resumeRun, type Session, type SessionOptions, startRun } from './app/session.ts';
export { type TernaryMatrix, ternaryWeights } from './app/ternary-weights.ts';
export { resumeTraining, type TrainingOptions, trainRecipe } from './app/train-recipe.ts';
export { loadTrained, type Trained } from './app/trained.ts';
export type { OpenOptions } from './app/with-trained.ts';
export { createNativeBackend, type NativeStatus, nativeStatus } from './backends/native/index.ts';
export { createReferenceBackend } from './backends/reference/index.ts';
export { wrapBackend } from './backends/wrap.ts';
export { describeModel, type LayerDescription, type ModelDescription } from './compose/describe.ts';
export { availableMemory, type MemoryEstimate, requireMemory } from './compose/memory.ts';
export {
  ComposedRun,
  ComposedTraining,
  composeModel,
  composeRun,
  composeTraining,
} from './compose/run.ts';
export type { Backend, Decorator } from './core/backend.ts';
export {
  type Component,
  component,
  EXAMPLE_COLS,
  type Kind,
  type LayerList,
  type LayerScope,
  type Spec,
} from './core/component.ts';
export type { Compute, FloatPrecision, Precision } from './core/compute.ts';
export type { DataSource } from './core/data-source.ts';
export { FlashError, type FlashErrorDetails } from './core/errors.ts';
export type { Ending, Hook, StepEvent, WorkProgress } from './core/hook.ts';
export type { Kernels, OpName } from './core/kernels.ts';
export type { Coupling, InputLayer, Layer, Objective, PrepareContext, StepContext } from './core/layer.ts';
export { type Memory, memoryOf } from './core/memory.ts';
export type { OpSpec } from './core/ops/spec.ts';
export { OPS } from './core/ops/table.ts';
export type { Around } from './core/ops/wrap-kernels.ts';
export type { Optimizer, OptimizerPlan, Slot, UpdateStep } from './core/optimizer.ts';
export { type Init, Parameter, type ParameterTraits } from './core/parameter.ts';
export { ParameterStore } from './core/parameter-store.ts';
export type { Planner } from './core/planner.ts';
export { Random } from './core/random.ts';
export type { Place, RecipeIssue } from './core/recipe-tree.ts';
export type { Schedule } from './core/schedule.ts';
export { componentOf, componentsOf, layerList } from './core/slots.ts';
export type { Ids, Mat, Quantized, Real, SparseTargets, Tensor, TernaryWeight } from './core/tensor.ts';
export { type DownloadDatasetOptions, downloadDataset } from './data/download.ts';
export type { PreparedData, PrepareOptions } from './data/prepare.ts';
export { Tokenizer } from './data/tokenizer/tokenizer.ts';
export { Activation } from './layers/activation.ts';
export { Dropout } from './layers/dropout.ts';
export { Embedding } from './layers/embedding.ts';
export { Gated } from './layers/gated.ts';
export { Head } from './layers/head.ts';
export { Linear } from './layers/linear.ts';
export { Residual } from './layers/residual.ts';
export { RmsNorm } from './layers/rms-norm.ts';
export { Sequence } from './layers/sequence.ts';
export { TernaryLinear } from './layers/ternary-linear.ts';
export { TiedHead } from './layers/tied-head.ts';
export { TokenShift } from './layers/token-shift.ts';
export { AdamW } from './optim/adamw.ts';
export { type Group, Groups } from './optim/groups.ts';
export { Lion } from './optim/lion.ts';
export { Muon, type MuonOptions } from './optim/muon.ts';
export { type Phase, phases } from './optim/phases.ts';
export { constant, cosine, cycles, linear, oneMinusSqrt } from './optim/schedules.ts';
export { Sgd } from './optim/sgd.ts';
export { createRegistry } from './recipes/builtins.ts';
export { RecipeError } from './recipes/errors.ts';
export { fillRecipe } from './recipes/fill.ts';
export { libraryNames } from './recipes/library.ts';
export { type LoadOptions, loadRecipe, type Recipe } from './recipes/load.ts';
export { loadPlugins } from './recipes/plugins.ts';
export { type Add, type Plugin, Registry } from './recipes/registry.ts';
export { BatchRunner, type BatchRunnerOptions } from './runtime/batch-runner.ts';
export { type Block, Blocks } from './runtime/blocks.ts';
export { type Pass, stepContext } from './runtime/context.ts';
export { Model, type ModelParts } from './runtime/model.ts';
export type { TrainEvent } from './train/events.ts';
export { TextGenerator } from './train/generate.ts';
export { Sampler, type SamplingOptions } from './train/sampling.ts';
export { checkThoroughly as checkCausality } from './verify/causal-claim.ts';
export { type BackendCoverage, coverage } from './verify/coverage.ts';
export { type GradientResult, isRight } from './verify/gradient-check.ts';
export { loadRecording } from './verify/recording-file.ts';
export { type Replay, replay } from './verify/replay.ts';
