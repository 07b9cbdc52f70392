import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { Optimizer } from '../../src/core/optimizer.ts';
import { AdamW } from '../../src/optim/adamw.ts';
import { Groups } from '../../src/optim/groups.ts';
import { Lion } from '../../src/optim/lion.ts';
import { Muon } from '../../src/optim/muon.ts';
import { readCheckpoint, writeCheckpoint } from '../../src/train/checkpoint-files.ts';
import { restoreSnapshot, takeSnapshot } from '../../src/train/snapshot.ts';
import { backendOf, GENUINE } from '../mutations/subject.ts';
import { Sitting } from '../mutations/training.ts';

const muon = new Muon({
  lr: 0.02,
  momentum: 0.95,
  nesterov: true,
  weightDecay: 0.1,
  steps: 5,
  scale: 'keller',
});
const lion = new Lion({ lr: 0.001, betas: [0.9, 0.99], weightDecay: 0.1 });
const adamw = new AdamW({ lr: 0.01, betas: [0.9, 0.95], eps: 1e-8, weightDecay: 0.1 });
const groups: Optimizer = new Groups(
  [
    { match: ['matrix'], optimizer: muon },
    { match: ['embedding'], optimizer: lion },
  ],
  adamw,
);

it('groups of Muon, Lion and AdamW resume bit for bit from their saved slots', async () => {
  const sit = () => new Sitting(GENUINE, backendOf(GENUINE, 'f32'), 'mixes rows', groups);
  const [whole, first, second] = [sit(), sit(), sit()];
  await whole.until(4);
  await first.until(2);
  const folder = await mkdtemp(join(tmpdir(), 'flashlm-resume-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const { model, optimizerPlan } = first.parts;
  const contents = takeSnapshot(model, optimizerPlan, first.trainer.state, {});
  // One slot of each parameter, and AdamW's second: the scratch of Muon is not among them.
  const names = contents.optimizer.map(({ name }) => name);
  expect(new Set(names.map((name) => name.split('/')[0]))).toEqual(new Set(['momentum', 'mean', 'square']));
  expect(new Set(names.map((name) => name.slice(name.indexOf('/') + 1)))).toEqual(
    new Set(model.store.all.map(({ name }) => name)),
  );
  const checkpoint = await readCheckpoint(await writeCheckpoint(folder, 2, contents));
  second.trainer.restore(await restoreSnapshot(second.parts.model, second.parts.optimizerPlan, checkpoint));
  await checkpoint.close();
  await second.until(4);
  expect(second.parts.model.store.values.data).toEqual(whole.parts.model.store.values.data);
  expect(second.events.map(({ loss, lr }) => [loss, lr])).toEqual(
    whole.events.slice(2).map(({ loss, lr }) => [loss, lr]),
  );
});
