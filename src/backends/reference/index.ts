import type { Backend } from '../../core/backend.ts';
import { PRECISIONS } from '../../core/compute.ts';
import type { OpName } from '../../core/kernels.ts';
import { completeKernels, type KernelSource } from '../../core/ops/fused.ts';
import type { Real } from '../../core/tensor.ts';
import { activation } from './activation.ts';
import { add, multiply, scale, sumSquares } from './arithmetic.ts';
import { addBias, addBiasGrad } from './bias.ts';
import { causalConv, causalConvGrad } from './causal-conv.ts';
import { pasteColumns, sliceColumns } from './columns.ts';
import { countPairs } from './count-pairs.ts';
import { softmaxCrossEntropy } from './cross-entropy.ts';
import { delay, delayGrad } from './delay.ts';
import { dropout } from './dropout.ts';
import { gatherRows, scatterAddRows } from './embedding.ts';
import { gate, gateGrad } from './gate.ts';
import { matmul, matmulTransA, matmulTransB } from './matmul.ts';
import { adamW, lion, sgdMomentum } from './optimizers.ts';
import { quantizeRows, quantizeWeight } from './quantize.ts';
import { rmsNorm, rmsNormGrad } from './rms-norm.ts';
import { runningMean, runningMeanGrad } from './running-mean.ts';
import { scaleAdd, scaleAddGrad } from './scale-add.ts';
import { scan, scanGrad } from './scan.ts';
import {
  packTernary,
  ternaryMatmul,
  ternaryMatmulFloat,
  ternaryMatmulGradW,
  ternaryMatmulGradX,
} from './ternary.ts';
import { tokenShift, tokenShiftGrad } from './token-shift.ts';

const own: KernelSource = {
  gatherRows,
  scatterAddRows,
  countPairs,
  rmsNorm,
  rmsNormGrad,
  activation,
  add,
  addBias,
  addBiasGrad,
  multiply,
  gate,
  gateGrad,
  sliceColumns,
  pasteColumns,
  scaleAdd,
  scaleAddGrad,
  dropout,
  tokenShift,
  tokenShiftGrad,
  causalConv,
  causalConvGrad,
  delay,
  delayGrad,
  scan,
  scanGrad,
  runningMean,
  runningMeanGrad,
  quantizeWeight,
  quantizeRows,
  packTernary,
  ternaryMatmul,
  ternaryMatmulFloat,
  ternaryMatmulGradX,
  ternaryMatmulGradW,
  matmul,
  matmulTransB,
  matmulTransA,
  softmaxCrossEntropy,
  sumSquares,
  scale,
  sgdMomentum,
  lion,
  adamW,
};

/**
 * The specification: scalar TypeScript, one source for float32 and float64. Arithmetic runs in float64 and each
 * stored result is rounded to the tensors' type, so `f32` shows what float32 storage alone costs.
 */
export function createReferenceBackend(real: Real = 'f32'): Backend {
  return {
    name: real === 'f32' ? 'reference' : 'reference:f64',
    real,
    anyReal: true,
    threads: 1,
    kernels: completeKernels(own),
    own: new Set(Object.keys(own) as OpName[]),
    // It shows what a precision does to a result; there is none in which it would be fast.
    accelerates: new Set(PRECISIONS),
    packedTernaryBytes: () => 0,
    allocate: (bytes) => new Uint8Array(bytes),
    dispose: () => {},
  };
}
