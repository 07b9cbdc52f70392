import type { CommandEntry } from '../command.ts';

/** In the order in which `--help` lists them. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'train',
    summary: 'train a model as a recipe says, or go on with a run',
    load: async () => (await import('./train.ts')).train,
  },
  {
    name: 'eval',
    summary: 'measure loss, PPL, BPC and BPB of a trained model on whole documents',
    load: async () => (await import('./eval.ts')).evaluate,
  },
  {
    name: 'compare',
    summary: 'show the scores, speed and size of runs side by side, and what differs in their recipes',
    load: async () => (await import('./compare.ts')).compare,
  },
  {
    name: 'generate',
    summary: 'write text with a trained model, as it comes',
    load: async () => (await import('./generate.ts')).generate,
  },
  {
    name: 'check',
    summary: 'validate a recipe and show its model layer by layer: shapes, parameters, work, memory',
    load: async () => (await import('./check.ts')).check,
  },
  {
    name: 'data',
    summary: 'download a dataset or read text files, train or load the tokenizer, write the token file',
    load: async () => (await import('./data.ts')).data,
  },
  {
    name: 'gradcheck',
    summary: "compare a recipe's gradients with finite differences, layer by layer and for the whole model",
    load: async () => (await import('./gradcheck.ts')).gradcheck,
  },
  {
    name: 'diff',
    summary: 'train a few steps with every kernel call compared between two backends',
    load: async () => (await import('./diff.ts')).diff,
  },
  {
    name: 'replay',
    summary: 'run one recorded kernel call again, alone, and compare two backends on it',
    load: async () => (await import('./replay.ts')).replay,
  },
  {
    name: 'coverage',
    summary:
      'show which backend and instruction set has which op, and try each of them against the reference',
    load: async () => (await import('./coverage.ts')).coverage,
  },
  {
    name: 'bench',
    summary: "measure each op and the whole training step against the machine's own limits",
    load: async () => (await import('./bench.ts')).bench,
  },
  {
    name: 'doctor',
    summary:
      'show what this machine offers: instruction sets, threads, which backends load and why one does not',
    load: async () => (await import('./doctor.ts')).doctor,
  },
];
