import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, expect, it } from 'vitest';
import { finished, runProcess, startCli } from './cli-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'flashlm-kill-'));
afterAll(() => rmSync(folder, { recursive: true }));

const STEPS = 60;
const env = { FLASHLM_CACHE: join(folder, 'cache') };
const args = (out: string): string[] => [
  ...['train', 'shift', '--steps', String(STEPS), '--json', '--out', join(folder, out)],
  ...['--set', 'checkpoint.every=20', '--set', 'eval.tokens=500', '--set', 'data.batch=4'],
];

const runOf = (out: string): string => join(folder, out, readdirSync(join(folder, out))[0]!);
const weights = (out: string): Buffer =>
  readFileSync(join(runOf(out), 'checkpoints', `step-000000${STEPS}`, 'model.safetensors'));

/** Kills the process without warning as soon as it reports this step. */
async function killAt(step: number, out: string): Promise<void> {
  const child = startCli(args(out), { env });
  const done = finished(child).catch(() => {});
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line);
    if (event.event === 'step' && event.step >= step) {
      child.kill('SIGKILL');
      break;
    }
  }
  await done;
}

it('a run that was killed goes on to the very same weights', async () => {
  expect((await runProcess(args('whole'), { env })).status).toBe(0);
  for (const step of [3, 33]) {
    const out = `killed-${step}`;
    await killAt(step, out);
    expect(readdirSync(join(runOf(out), 'checkpoints'))).not.toContain(`step-000000${STEPS}`);
    const resumed = await runProcess(['train', '--resume', runOf(out), '--json'], { env });
    expect(resumed.status, resumed.stderr).toBe(0);
    expect(weights(out).equals(weights('whole'))).toBe(true);
    const steps = readFileSync(join(runOf(out), 'metrics.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
      .filter((event) => event.event === 'step')
      .map((event) => event.step);
    expect(steps).toEqual(Array.from({ length: STEPS }, (_, i) => i + 1));
  }
});
