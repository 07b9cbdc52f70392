import type { CliCommand } from '../command.ts';
import { bench } from './bench.ts';
import { check } from './check.ts';
import { coverage } from './coverage.ts';
import { data } from './data.ts';
import { diff } from './diff.ts';
import { doctor } from './doctor.ts';
import { evaluate } from './eval.ts';
import { generate } from './generate.ts';
import { gradcheck } from './gradcheck.ts';
import { replay } from './replay.ts';
import { train } from './train.ts';

/** In the order in which `--help` lists them. */
export const COMMANDS: readonly CliCommand[] = [
  train,
  evaluate,
  generate,
  check,
  data,
  gradcheck,
  diff,
  replay,
  coverage,
  bench,
  doctor,
];
