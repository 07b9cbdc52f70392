import type { CliCommand } from '../command.ts';
import { check } from './check.ts';
import { data } from './data.ts';
import { doctor } from './doctor.ts';
import { train } from './train.ts';

/** In the order in which `flashlm --help` lists them. */
export const COMMANDS: readonly CliCommand[] = [train, check, data, doctor];
