// The published two-hour run of FlashLM v6.1, through the public API:
//   npx tsx examples/v61.ts --data stories.txt --valid more.txt --budget 2h [--steps 4730] [--compute bf16]
// 4,730 steps are the 310M tokens that FlashLM reports for its two hours. Without --data it takes TinyStories if
// `npx flashlm data tinystories` has fetched it, else the built-in sample.
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { FlashError, loadRecipe, startRun, type TrainEvent } from 'flashlm';

const { values } = parseArgs({
  options: {
    data: { type: 'string', multiple: true },
    valid: { type: 'string', multiple: true },
    budget: { type: 'string', default: '2h' },
    steps: { type: 'string' },
    compute: { type: 'string', default: 'f32' },
    out: { type: 'string', default: 'runs' },
  },
});
const fetched = existsSync(`${process.env.FLASHLM_CACHE || '.flashlm'}/datasets/tinystories`);
const source = values.data ?? (fetched ? 'tinystories' : 'sample');

/** The recipe is `v61`; what differs from run to run is where the text comes from, when to stop, and what is rounded. */
const set = [
  `data.source=${JSON.stringify(source)}`,
  `data.valid=${JSON.stringify(values.valid ?? null)}`,
  // With steps the learning rate falls along them, and the run can be repeated to the bit; else along the clock.
  `train={ steps: ${values.steps ?? null}, budget: ${values.budget} }`,
  `compute=${values.compute}`,
];

function print(event: TrainEvent): void {
  if (event.event === 'step' && (event.step === 1 || event.step % 50 === 0)) {
    const { step, loss, floor, lr, path, backend, compute, tokensPerSecond } = event;
    const nats = `loss ${loss.toFixed(4)} (floor ${floor?.toFixed(4)})`;
    console.log(
      `step ${step}  ${nats}  lr ${lr.toFixed(5)}  ${Math.round(tokensPerSecond)} tokens/s (${path}, ${backend}, ${compute})`,
    );
  } else if (event.event === 'eval') {
    const { split, loss, ppl, bpc, tokens } = event;
    const measures = `PPL ${ppl?.toFixed(2)}  BPC ${bpc?.toFixed(3)}`;
    console.log(`${split}  loss ${loss.toFixed(4)}  ${measures}  ${tokens} tokens`);
  } else if (event.event === 'sample') console.log(event.text.replace(/[^\P{Cc}\n]/gu, '\uFFFD'));
  else if (event.event === 'done') console.log(`${event.ending} at step ${event.step}: ${event.runDir}`);
}

const stop = new AbortController();
process.once('SIGINT', () => stop.abort());
try {
  const recipe = await loadRecipe('v61', { set });
  const hooks = { report: print, onNotice: (notice: string) => console.error(notice), signal: stop.signal };
  const session = await startRun(recipe, values.out, hooks);
  await session.run.run(stop.signal).finally(session.close);
} catch (error) {
  if (!(error instanceof FlashError)) throw error;
  console.error(error.lines().join('\n'));
  process.exitCode = error.exitCode;
}
