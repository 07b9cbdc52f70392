import { statSync } from 'node:fs';
import { drawing } from '../app/generate-text.ts';
import { loadTrained } from '../app/trained.ts';
import { benchDecode } from '../bench/decode-bench.ts';
import { benchKernels } from '../bench/kernel-bench.ts';
import type { Effort } from '../bench/measurement.ts';
import { type BenchReport, FORMAT, thisMachine } from '../bench/report.ts';
import { type ComposedRun, composeRun } from '../compose/run.ts';
import { loadRecipe } from '../recipes/load.ts';
import { namedRun } from './named-run.ts';
import { withProgressBar } from './reporters/progress-bar.ts';
import type { Terminal } from './terminal.ts';
import { settings, type TrainSettings } from './train-settings.ts';

/**
 * A recipe's model with first values, or that of a run, as it is opened to write: with one thread and with as many as it takes by
 * default, or with those that are asked for.
 */
export async function openModels(
  name: string,
  { threads, backend, set }: Pick<TrainSettings, 'threads' | 'backend' | 'set'>,
  notice: (text: string) => void,
): Promise<ComposedRun[]> {
  const place = await namedRun(name);
  const isRun = statSync(place, { throwIfNoEntry: false })?.isDirectory();
  const open = async (count: number | undefined, onNotice: typeof notice): Promise<ComposedRun> => {
    const changes = settings({ threads: count, backend, set });
    if (isRun) return (await loadTrained(place, changes, onNotice)).composed;
    const run = composeRun(await loadRecipe(place, { set: changes }));
    for (const line of run.notices) onNotice(line);
    return run;
  };
  const all = await open(threads, notice);
  if (all.backend.threads === 1 || threads !== undefined) return [all];
  try {
    return [await open(1, () => {}), all];
  } catch (error) {
    all.dispose();
    throw error;
  }
}

/** How fast opened models write, and the limits of the machine. */
export function measureDecode(
  runs: readonly ComposedRun[],
  effort: Effort,
  terminal: Terminal,
): Promise<BenchReport> {
  return withProgressBar(terminal, async (show) => {
    const machine = thisMachine();
    const backends = runs.map(({ backend }) => backend);
    const kernels = await benchKernels(backends, [], effort, true, show('limits'));
    const drawn = drawing(runs[0]!.recipe);
    const generation = await benchDecode(runs, kernels.limits, drawn, effort, show('texts'));
    const nothing = { training: null, steps: [], peakMemory: null, predictions: [] };
    return { format: FORMAT, date: new Date().toISOString(), machine, ...kernels, ...nothing, generation };
  });
}
