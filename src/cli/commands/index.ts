import type { CliCommand } from '../command.ts';
import { bench } from './bench.ts';
import { check } from './check.ts';
import { data } from './data.ts';
import { doctor } from './doctor.ts';
import { evaluate } from './eval.ts';
import { generate } from './generate.ts';
import { train } from './train.ts';

/** In the order in which `flashlm --help` lists them. */
export const COMMANDS: readonly CliCommand[] = [train, evaluate, generate, check, data, bench, doctor];
