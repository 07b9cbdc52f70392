import {
  type GenerationOptions,
  type GenerationProgress,
  generateTexts,
  type IndexedText,
} from '../app/generate-texts.ts';
import type { Trained } from '../app/trained.ts';
import { Exit } from './errors.ts';
import { formatDuration, formatPlural, formatRate, printable } from './format.ts';
import { Interruption } from './interruption.ts';
import type { TaskProgress } from './reporters/task-progress.ts';
import type { Terminal } from './terminal.ts';

/** Writes many texts side by side and prints each that is whole, in the order of the prompts. */
export async function printTexts(
  trained: Trained,
  prompts: readonly string[],
  options: GenerationOptions & { readonly json?: boolean },
  { terminal, progress }: { readonly terminal: Terminal; readonly progress: TaskProgress },
): Promise<void> {
  const { json, ...generation } = options;
  const interruption = new Interruption(terminal, () =>
    progress.note('Stopping; the texts that are whole follow. Once more stops at once.'),
  );
  let last: GenerationProgress | undefined;
  try {
    const texts = generateTexts(trained, prompts, {
      ...generation,
      signal: interruption.signal,
      onProgress: (now) => {
        last = now;
        const { whole, texts, share } = now;
        progress.show('writing', share, `${whole} of ${formatPlural(texts, 'text')}`);
      },
    });
    const show = terminal.stdout.isTTY ? printable : (text: string) => text;
    let given = 0;
    for await (const text of texts) {
      // The bar would draw over the text.
      if (terminal.interactive) progress.end();
      if (json) terminal.print(JSON.stringify(text));
      else
        terminal.print(
          `${terminal.styles.dim(heading(text, prompts, given, options))}\n${show(text.text)}\n`,
        );
      given++;
    }
    progress.end();
    if (last) terminal.note(terminal.noteStyles.dim(statistics(last)));
    if (!interruption.signal.aborted) return;
    progress.note(`Stopped: ${given} of ${formatPlural(last?.texts ?? 0, 'text')} are whole.`);
    throw new Exit(interruption.exitStatus);
  } finally {
    interruption.close();
  }
}

const ENDINGS: Readonly<Record<IndexedText['ending'], string>> = {
  eos: 'end of the document',
  stop: 'stop string',
  max_tokens: '--max-tokens reached',
};

/** Which text this is, and the seed that writes it again. */
function heading(
  { index, seed, tokens, ending }: IndexedText,
  prompts: readonly string[],
  given: number,
  { count = 1 }: GenerationOptions,
): string {
  const place = [
    ...(prompts.length > 1 ? [`prompt ${Math.floor(given / count) + 1}`] : []),
    ...(count > 1 ? [`text ${index + 1}`] : []),
    `seed ${seed}`,
  ];
  const end = ENDINGS[ending];
  return `--- ${place.join(', ')}: ${formatPlural(tokens, 'token')}, ${end}`;
}

function statistics({ prefill, decode, batch }: GenerationProgress): string {
  const rate = (name: string, { tokens, seconds }: GenerationProgress['decode']): string =>
    `${name} ${formatPlural(tokens, 'token')} in ${formatDuration(seconds)} (${formatRate(seconds > 0 ? tokens / seconds : 0)})`;
  return `${rate('read', prefill)}, ${rate('wrote', decode)}, ${batch} side by side`;
}
