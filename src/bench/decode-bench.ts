import { availableMemory, decodingBytes } from '../compose/memory.ts';
import type { ComposedRun } from '../compose/run.ts';
import { FlashError } from '../core/errors.ts';
import { formatBytes } from '../core/format-bytes.ts';
import { Random } from '../core/random.ts';
import { TextGenerator, type Writing } from '../train/generate.ts';
import { Sampler, type SamplingOptions } from '../train/sampling.ts';
import { boundOfWork, countWork } from './decode-work.ts';
import type { MachineLimits } from './machine-limits.ts';
import { type Effort, interleave, type Summary, summarize } from './measurement.ts';
import { tokenStream } from './token-stream.ts';

/** How many texts are written side by side. */
export const SEQUENCES: readonly number[] = [1, 4, 16, 64];

/** Tokens of a prompt, where no shorter sequences are what the model was made for. */
const PROMPT = 1000;

/** Tokens after which a text is over and another one begins in its place. */
const WRITTEN = 32;

/** A token more of each of so many texts, drawn as the recipe's samples are. */
export interface DecodeResult {
  readonly backend: string;
  readonly threads: number;
  readonly sequences: number;
  /** Of one token of each text. */
  readonly seconds: Summary;
  /** Of all texts together. */
  readonly tokensPerSecond: number;
  /**
   * Bytes of weights that must be read for a token, where texts side by side share the reading: 2 bits for a ternary weight,
   * whatever the kernels read.
   */
  readonly bytesPerToken: number;
  /** Reading the weights once from where they lie, or the arithmetic; null where the machine's limits are not known. */
  readonly limit: string | null;
  /** Share of that limit that is reached. */
  readonly share: number | null;
}

/** Reading a prompt, until the next token can be drawn. */
export interface PrefillResult {
  readonly backend: string;
  readonly threads: number;
  readonly tokens: number;
  readonly seconds: Summary;
  readonly tokensPerSecond: number;
}

export interface GenerationReport {
  readonly recipe: string;
  /** Tokens that a text has at most; null for a model for which the length does not matter. */
  readonly context: number | null;
  readonly decode: readonly DecodeResult[];
  readonly prefill: readonly PrefillResult[];
}

type Model = ComposedRun['model'];

/** The tokens of a text; null for a model whose tokens cost the same wherever they are. */
export const benchContext = ({ model, recipe }: Pick<ComposedRun, 'model' | 'recipe'>): number | null =>
  model.growsToContext ? recipe.data.seq_len : null;

/** Never drawn, so that no text ends early; what texts begin after. */
const EOS = 0;

/** Prompts that are read, or texts that go on, without end. */
class WritingBench {
  private readonly generator: TextGenerator;
  private readonly events: Iterator<unknown>;

  constructor(
    model: Model,
    private readonly kind: 'prefill' | 'decode',
    { texts, prompt, written }: { readonly texts: number; readonly prompt: number; readonly written: number },
    sampling: SamplingOptions,
  ) {
    this.generator = new TextGenerator(model, texts, prompt + written);
    const ids = tokenStream(model.vocab, prompt);
    const sampler = new Sampler(model.vocab, sampling, new Random(1, 'bench'), new Set([EOS]));
    const writings = function* (): Generator<Writing> {
      // The very same prompt would be read once for all texts.
      for (;;) yield { prompt: kind === 'prefill' ? ids.slice() : ids, sampler };
    };
    this.events = this.generator.generateAll(writings(), EOS, written)[Symbol.iterator]();
  }

  /** One prompt, or one more token of each text; the seconds that it took. */
  readonly next = (): number => {
    const work = this.generator.work[this.kind];
    const { tokens, seconds } = work;
    while (work.tokens === tokens) this.events.next();
    return work.seconds - seconds;
  };
}

/** The half of a text that was read, and the tokens that are written after it: those in the middle cost the mean. */
function textOf(context: number | null): { readonly prompt: number; readonly written: number } {
  const prompt = context === null ? 0 : context >> 1;
  return { prompt, written: context === null ? WRITTEN : Math.min(WRITTEN, context - prompt) };
}

const promptOf = (context: number | null): number => Math.min(PROMPT, context ?? PROMPT);

/**
 * Measures how fast a model writes and reads on each backend, as `generate` does it; all of them in turn, after a warm-up.
 * @param runs the same model on backends that differ in their number of threads.
 * @throws FlashError (wrong usage) for texts that do not fit the memory.
 */
export async function benchDecode(
  runs: readonly ComposedRun[],
  limits: readonly MachineLimits[],
  sampling: SamplingOptions,
  { stepRounds, stepSeconds }: Effort,
  onProgress?: (share: number) => void,
): Promise<GenerationReport> {
  const { recipe } = runs[0]!;
  const context = benchContext(runs[0]!);
  requireRoom(runs, context);
  const text = textOf(context);
  const tokens = promptOf(context);
  const decode = runs.flatMap(({ backend, model }, i) =>
    SEQUENCES.map((sequences) => {
      const texts = { texts: sequences, ...text };
      return {
        backend,
        sequences,
        limits: limits[i],
        bench: new WritingBench(model, 'decode', texts, sampling),
      };
    }),
  );
  const prefill = runs.map(({ backend, model }) => ({
    backend,
    bench: new WritingBench(model, 'prefill', { texts: 1, prompt: tokens, written: 1 }, sampling),
  }));
  const turns = [...decode, ...prefill].map(({ bench }) => () => {
    const times = [];
    for (let passed = 0; times.length === 0 || passed < stepSeconds; passed += times.at(-1)!)
      times.push(bench.next());
    return times;
  });
  const times = await interleave(turns, 1 + stepRounds, onProgress);
  const summaries = times.map((rounds) => summarize(rounds.slice(1).flat()));
  const work = new Map(
    SEQUENCES.map((texts) => [
      texts,
      countWork(recipe, runs[0]!.backend, (model) => {
        const { next } = new WritingBench(model, 'decode', { texts, ...text }, sampling);
        next();
        return next;
      }),
    ]),
  );
  return {
    recipe: recipe.name,
    context,
    decode: decode.map(({ backend, sequences, limits: measured }, i): DecodeResult => {
      const seconds = summaries[i]!;
      const bound = measured && boundOfWork(work.get(sequences)!, measured);
      return {
        backend: backend.name,
        threads: backend.threads,
        sequences,
        seconds,
        tokensPerSecond: sequences / seconds.median,
        bytesPerToken: work.get(sequences)!.weightBytes / sequences,
        limit: bound?.limit ?? null,
        share: bound ? bound.seconds / seconds.median : null,
      };
    }),
    prefill: prefill.map(({ backend: { name, threads } }, i): PrefillResult => {
      const seconds = summaries[decode.length + i]!;
      return { backend: name, threads, tokens, seconds, tokensPerSecond: tokens / seconds.median };
    }),
  };
}

function requireRoom(runs: readonly ComposedRun[], context: number | null): void {
  let bytes = 0;
  for (const { model, backend } of runs) {
    for (const texts of SEQUENCES) bytes += decodingBytes(model, texts, context, backend);
  }
  const available = availableMemory();
  if (bytes <= available) return;
  throw new FlashError(
    `The texts of this benchmark take ${formatBytes(bytes)}, and there are ${formatBytes(available)}`,
    { remedy: 'Measure shorter ones: --set data.seq_len=128.', exitCode: 2 },
  );
}
