// What the commands do, from a program: node library.mjs (where flashlm is installed)
import { compareBackends, evaluateText, generateText, generateTexts, loadRecipe, trainRecipe } from 'flashlm';

const recipe = await loadRecipe('shift', { set: ['train.steps=20', 'data.batch=4'] });

// The kernels of this machine against the float64 reference, call by call.
for await (const { backend, against, ops } of compareBackends(recipe))
  console.log(`${backend} agrees with ${against} in ${ops.length} ops`);

const { runDir, step, ending } = await trainRecipe(recipe, {
  report: (event) => {
    if (event.event === 'step' && event.step % 10 === 0)
      console.log(`step ${event.step}: loss ${event.loss.toFixed(3)}`);
  },
});
console.log(`${runDir} ended after ${step} steps (${ending})`);

const { event, documents } = await evaluateText(runDir);
console.log(`${event.split}: ${event.bpc?.toFixed(3)} bits a character in ${documents} documents`);

const { text } = await generateText(runDir, 'Once upon a time', { seed: 7, maxTokens: 40 });
console.log(text);

// Many texts, written side by side: `count` of each prompt.
for await (const { seed, text } of generateTexts(runDir, ['The cat', 'A dog'], {
  count: 2,
  seed: 7,
  maxTokens: 20,
}))
  console.log(`seed ${seed}: ${text}`);
