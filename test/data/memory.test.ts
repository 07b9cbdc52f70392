import { execFile } from 'node:child_process';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { put, sampleTrain, temporaryFolder } from './workshop.ts';

const folder = temporaryFolder();
const MEGABYTE = 2 ** 20;

/** The most memory that a process of its own ever has while it prepares that much text, in bytes. */
async function peakMemory(megabytes: number): Promise<number> {
  const text = readFileSync(sampleTrain);
  const path = put(folder, `${megabytes}.txt`, '');
  for (let size = 0; size < megabytes * MEGABYTE; size += text.length) appendFileSync(path, text);
  const prepareUrl = new URL('../../src/data/prepare.ts', import.meta.url).href;
  const script = put(
    folder,
    `${megabytes}.mjs`,
    `import { prepareData } from ${JSON.stringify(prepareUrl)};
     const tokenizer = { type: 'byte_bpe', vocab: 300 };
     const options = { files: [${JSON.stringify(path)}], tokenizer, workers: 1 };
     const { tokens } = await prepareData(options);
     tokens.close();
     console.log(1024 * process.resourceUsage().maxRSS);`,
  );
  const env = { ...process.env, FLASHLM_CACHE: join(folder, `cache-${megabytes}`), NODE_OPTIONS: '' };
  const args = ['--import', import.meta.resolve('tsx'), script];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env });
  return Number(stdout);
}

it('takes no more memory for more text', async () => {
  const little = await peakMemory(16);
  // Neither the text nor its ids (at this vocabulary as large as the text) would fit in between.
  expect(await peakMemory(160)).toBeLessThan(little + 80 * MEGABYTE);
});
