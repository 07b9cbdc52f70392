import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { DATASETS } from '../../src/data/datasets.ts';
import { downloadDataset } from '../../src/data/download.ts';
import {
  content,
  dataset,
  download,
  expectWhole,
  failure,
  hub,
  other,
  patience,
  serve,
  useHub,
} from './download-hub.ts';

useHub();

describe('downloadDataset', () => {
  it('downloadDataset fetches a file, reports progress, and does not fetch it again', async () => {
    const seen: string[] = [];
    let last = 0;
    const paths = await download({
      onProgress: ({ file, phase, doneBytes, totalBytes }) => {
        seen.push(`${file} ${phase}`);
        if (file === 'train.txt' && phase === 'download') {
          expect(doneBytes).toBeGreaterThan(last);
          last = doneBytes;
          expect(totalBytes).toBe(content.length);
        }
      },
    });
    expect(paths).toEqual({ train: join(hub.dir, 'train.txt'), valid: join(hub.dir, 'valid.txt') });
    expect(last).toBe(content.length);
    expect([...new Set(seen)]).toEqual([
      'valid.txt download',
      'valid.txt verify',
      'train.txt download',
      'train.txt verify',
    ]);
    expect(hub.requests.map((request) => request.url)).toEqual([
      '/datasets/owner/name/resolve/abc/train.txt',
    ]);
    await expectWhole();

    const again: unknown[] = [];
    await download({ onProgress: (progress) => again.push(progress) });
    expect(hub.requests).toHaveLength(1);
    expect(again).toEqual([]); // the note vouches: nothing is read again
  });

  it('downloadDataset takes an existing file after checking its hash', async () => {
    await writeFile(join(hub.dir, 'train.txt'), content);
    await download();
    expect(hub.requests).toHaveLength(0);
    await expectWhole();
  });

  it('downloadDataset replaces a file of the right length and the wrong content, with a notice', async () => {
    await download();
    await writeFile(join(hub.dir, 'train.txt'), other); // the note beside it is now out of date
    const notices: string[] = [];
    await download({ onNotice: (notice) => notices.push(notice) });
    expect(notices).toEqual([`${join(hub.dir, 'train.txt')} is not the expected file and will be replaced`]);
    await expectWhole();
  });

  it('downloadDataset names HF_ENDPOINT when no server answers there', async () => {
    await new Promise((resolve) => hub.server.close(resolve));
    const error = await failure(download());
    expect(error.message).toMatch(/ECONNREFUSED/);
    expect(error.remedy).toContain(`HF_ENDPOINT=${hub.endpoint}`);
  });

  it('downloadDataset can be stopped while it waits for the next attempt', async () => {
    hub.handler = (_, response) => response.writeHead(503, { 'retry-after': '3600' }).end();
    const stop = new AbortController();
    const onNotice = () => setTimeout(() => stop.abort(), 20);
    const patient = { ...patience, maxWaitMs: 7_200_000 };
    const error = await failure(download({ signal: stop.signal, onNotice, patience: patient }));
    expect(error.message).toBe('Stopped with 0 bytes of 200 kB');
    expect(hub.requests).toHaveLength(1);
  });

  it('only one process at a time downloads a file', async () => {
    let open: () => void = () => {};
    hub.handler = (request, response) => {
      open = () => serve(request, response, content);
    };
    const first = download();
    await vi.waitFor(() => expect(hub.requests).toHaveLength(1));
    expect((await failure(download())).message).toMatch(
      /^The download of train\.txt is in use by process \d+/,
    );
    open();
    await first;
    await expectWhole();
  });

  it('downloadDataset says which folder it can not write', async () => {
    await writeFile(join(hub.dir, 'file'), '');
    const error = await failure(download({ dir: join(hub.dir, 'file', 'folder') }));
    expect(error.lines().join('\n')).toMatch(/a part of the path is not a folder\n.*file\/folder/);
  });

  it('downloadDataset says when the disk is too small for the rest', async () => {
    const huge = { ...dataset, train: { ...dataset.train, bytes: Number.MAX_SAFE_INTEGER } };
    const error = await failure(downloadDataset(huge, { ...hub.place, patience }));
    expect(error.message).toMatch(/^9\.01 PB are still to come, the disk has/);
    expect(hub.requests).toHaveLength(0);
  });
});

describe('the address', () => {
  afterEach(() => vi.unstubAllEnvs());

  it('the download address is HF_ENDPOINT when that is set', async () => {
    vi.stubEnv('HF_ENDPOINT', `${hub.endpoint}/`);
    await downloadDataset(dataset, { dir: hub.dir, patience });
    expect(hub.requests.map((request) => request.url)).toEqual([
      '/datasets/owner/name/resolve/abc/train.txt',
    ]);
  });

  it.each(['localhost:80', 'ftp://host', 'http://', 'http://['])(
    'the download address must be a web address (%s)',
    async (bad) => {
      const error = await failure(downloadDataset(dataset, { dir: hub.dir, endpoint: bad }));
      expect(error.exitCode).toBe(2);
      expect(error.message).toBe(`HF_ENDPOINT is not a web address: ${bad}`);
    },
  );

  it('only a known data set has a download address', async () => {
    for (const name of ['tinystorys', 'toString', '__proto__']) {
      const error = await failure(downloadDataset(name, hub.place));
      expect(error.exitCode).toBe(2);
      expect(error.remedy).toContain('tinystories');
    }
  });

  it('TinyStories is requested at the pinned revision', async () => {
    const asked: (string | undefined)[] = [];
    hub.server.removeAllListeners('request');
    hub.server.on('request', (request, response) => {
      asked.push(request.url);
      response.writeHead(404).end();
    });
    await failure(downloadDataset('tinystories', hub.place));
    const { revision } = DATASETS.tinystories!;
    expect(asked).toEqual([
      `/datasets/roneneldan/TinyStories/resolve/${revision}/TinyStoriesV2-GPT4-valid.txt`,
    ]);
  });
});
