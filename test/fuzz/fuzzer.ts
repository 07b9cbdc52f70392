import { resourceUsage } from 'node:process';
import fc from 'fast-check';
import { FlashError } from '../../src/core/errors.ts';
import { makeSandbox, removeSandbox, surroundings } from './sandbox.ts';
import type { Feeder, FuzzTarget, Sandbox } from './target.ts';
import { Watchdog } from './watchdog.ts';

/** Bytes that one input, none of which has a megabyte that is not its own, may make the process grow by. */
const MAX_GROWTH = 512e6;

/** A finding is made smaller for at most this long. */
const SHRINKING_MS = 30_000;

/** An input that broke an invariant, as small as it could be made. */
export interface Finding {
  readonly target: string;
  readonly input: unknown;
  readonly error: unknown;
  readonly seed: number;
}

export interface Figures {
  tried: number;
  accepted: number;
  rejected: number;
  longestMs: number;
}

/** Feeds a target, and checks after each input what must hold for all of them. */
export class Fuzzer {
  readonly figures: Figures = { tried: 0, accepted: 0, rejected: 0, longestMs: 0 };

  private readonly name: string;
  private readonly sandbox: Sandbox;
  private readonly feeder: Feeder<unknown>;
  private readonly watchdog: Watchdog;
  private readonly around: string;
  private readonly globals = globalProperties();

  private constructor(name: string, sandbox: Sandbox, feeder: Feeder<unknown>) {
    this.name = name;
    this.sandbox = sandbox;
    this.feeder = feeder;
    this.watchdog = new Watchdog(sandbox.pipe, name);
    this.around = surroundings(sandbox);
  }

  static async open(target: FuzzTarget<unknown>): Promise<Fuzzer> {
    const sandbox = makeSandbox();
    const feeder = await within(sandbox.inside, async () => target.prepare(sandbox));
    return new Fuzzer(target.name, sandbox, feeder);
  }

  async close(): Promise<void> {
    await this.watchdog.close();
    removeSandbox(this.sandbox);
  }

  /** Tries `runs` inputs, the same for the same seed, up to the first finding. */
  async run(seed: number, runs: number): Promise<Finding | undefined> {
    let smallEnough = Number.POSITIVE_INFINITY;
    const property = fc.asyncProperty(this.feeder.inputs, async (input) => {
      // To pass ends the search for a smaller one. An input is never left alone half-way, as fast-check's limits do.
      if (performance.now() > smallEnough) return;
      try {
        await this.try(input);
      } catch (error) {
        smallEnough = Math.min(smallEnough, performance.now() + SHRINKING_MS);
        throw error;
      }
    });
    const result = await fc.check(property, { seed, numRuns: runs });
    if (result.counterexample === null) return undefined;
    return { target: this.name, input: result.counterexample[0], error: result.errorInstance, seed };
  }

  /** Feeds one input. Throws for anything but an input that was taken, or refused in a person's words. */
  async try(input: unknown): Promise<void> {
    const { figures } = this;
    const memory = process.memoryUsage().arrayBuffers;
    const peak = resourceUsage().maxRSS;
    const began = performance.now();
    figures.tried++;
    try {
      await within(this.sandbox.inside, () => this.watchdog.watch(() => this.feeder.feed(input)));
      figures.accepted++;
    } catch (error) {
      if (!(error instanceof FlashError)) throw error;
      if (error.message === '') throw new Error('refused without a word', { cause: error });
      figures.rejected++;
    } finally {
      figures.longestMs = Math.max(figures.longestMs, performance.now() - began);
    }
    const growth = Math.max(
      process.memoryUsage().arrayBuffers - memory,
      // In kilobytes; it never falls.
      1000 * (resourceUsage().maxRSS - peak),
    );
    if (growth > MAX_GROWTH) throw new Error(`memory grew by ${growth} bytes`);
    if (globalProperties() !== this.globals) throw new Error('a prototype was changed');
    const around = surroundings(this.sandbox);
    if (around !== this.around) {
      throw new Error(`something outside was changed: ${around}\ninstead of ${this.around}`);
    }
  }
}

/** The properties of what every object inherits from. */
function globalProperties(): string {
  return [Object, Array, Function, String, Number, Map, Set, Uint8Array, Error]
    .flatMap(({ prototype }) => Reflect.ownKeys(prototype).map(String))
    .join();
}

async function within<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const before = process.cwd();
  process.chdir(folder);
  try {
    return await work();
  } finally {
    process.chdir(before);
  }
}
