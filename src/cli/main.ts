#!/usr/bin/env node
import { COMMANDS } from './commands/index.ts';
import { reportError } from './errors.ts';
import { runCli } from './program.ts';
import { Terminal } from './terminal.ts';

const args = process.argv.slice(2);
const terminal = new Terminal(process.stdout, process.stderr);
// What escapes every promise (an event handler's error) is reported in the same way as all others.
process.on('uncaughtException', (error) =>
  process.exit(reportError(error, terminal, args.includes('--debug'))),
);
process.exitCode = await runCli(args, COMMANDS, terminal);
